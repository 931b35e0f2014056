"""The Flask handler behind what Rails does to a path before request.url sees it (actionpack, journey/router/utils.rb, normalize_path): one
trailing slash is taken away, runs of slashes become one, escapes are written in capitals. The signature is then verified over an address that
nobody has signed, which is how calls to an address with a slash at its end come to fail."""

import re
import sys

from flask_twilio import app


def normalize_path(path):
    path = re.sub(r"/+", "/", "/" + path)
    path = re.sub(r"/$", "", path)
    path = re.sub(r"%[0-9a-f]{2}", lambda escape: escape.group().upper(), path)
    return path or "/"


class NormalizedPath:
    def __init__(self, wrapped):
        self.wrapped = wrapped

    def __call__(self, environ, start_response):
        environ["PATH_INFO"] = normalize_path(environ["PATH_INFO"])
        return self.wrapped(environ, start_response)


app.wsgi_app = NormalizedPath(app.wsgi_app)

if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]), threaded=True)
