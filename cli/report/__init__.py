"""The page for the press: one HTML file that needs nothing else, and prints on A4.

build()     count what it tells
charts      drawings, as SVG
prose       sentences, in both languages
page.html.j2, page.css     how it looks
"""

from cli.report.build import write_report

__all__ = ["write_report"]
