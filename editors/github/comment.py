"""Writes the page about the plans as a comment on a pull request: made once, then updated.

GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, PULL_REQUEST and BODY (a file) come from the environment. Where the token may
not write, as on pull requests from forks, that is said and is no failure: the page is in the summary of the job.
"""

import json
import os
import sys
import urllib.error
import urllib.request

MARKER = "<!-- phasegate:plan -->"
# Comments are listed by the hundred.
MOST_PAGES = 30
TIMEOUT = 30


class Refused(Exception):
    """The token may not do this."""


def main():
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    repository, number, token = (os.environ.get(name, "") for name in ("GITHUB_REPOSITORY", "PULL_REQUEST", "GITHUB_TOKEN"))
    if not number.isdigit() or repository.count("/") != 1:
        sys.exit("this is no pull request")
    if not token:
        print("::notice::there is no token to comment with: the plans are in the summary of the job")
        return
    with open(os.environ["BODY"], encoding="utf-8") as file:
        body = file.read()
    call = caller(api, token)
    comments = f"/repos/{repository}/issues/{number}/comments"
    try:
        own = find_own(call, comments)
        if own is None:
            call("POST", comments, {"body": body})
            print("the plans are a new comment")
        elif own["body"] == body:
            print("the comment says this already")
        else:
            call("PATCH", f"/repos/{repository}/issues/comments/{int(own['id'])}", {"body": body})
            print("the comment is updated")
    except Refused as refused:
        print(f"::notice::the token may not comment ({refused}): the plans are in the summary of the job")
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        # Whether a change is good does not depend on who answers.
        print(f"::warning::the comment could not be written: {error}")


def find_own(call, comments):
    """The comment of an earlier run. Whoever else writes the marker is not believed."""
    for page in range(1, MOST_PAGES + 1):
        found = call("GET", f"{comments}?per_page=100&page={page}")
        for comment in found:
            if (comment.get("body") or "").startswith(MARKER) and is_own(call, comment.get("user") or {}):
                return comment
        if len(found) < 100:
            return None
    return None


def is_own(call, user):
    if user.get("type") == "Bot":
        return True
    try:
        return call("GET", "/user").get("login") == user.get("login")
    except (Refused, urllib.error.URLError):
        return False


def caller(api, token):
    def call(method, path, content=None):
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(api + path, data=data, method=method)
        request.add_header("Authorization", f"Bearer {token}")
        request.add_header("Accept", "application/vnd.github+json")
        request.add_header("X-GitHub-Api-Version", "2022-11-28")
        request.add_header("User-Agent", "phasegate")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code in (401, 403, 404):
                raise Refused(f"{error.code} {error.reason}") from error
            raise

    return call


if __name__ == "__main__":
    main()
