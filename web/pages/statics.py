"""Our own styles, scripts and what we serve of others': kept by browsers, since each address names its contents."""

from __future__ import annotations

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


class Statics(StaticFiles):
    """Static files that a browser need not ask for again for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or 404. Raises: HTTPException."""
        answer = await super().get_response(path, scope)
        if answer.status_code == 200:
            answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer
