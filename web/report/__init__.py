"""The page for the press: one HTML file that needs nothing else, and prints on A4.

build       count what it tells
charts      drawings, as SVG
prose       sentences, in both languages
page.html.j2, page.css     how it looks
"""

from web.report.build import file_name, press_page, style

__all__ = ["file_name", "press_page", "style"]
