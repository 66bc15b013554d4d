"""The contract, over HTTP, through each web server."""

RANGE = "from=2026-01-01&to=2026-02-01"


def test_messages(server, project, token):
    response = server.ask(f"/rest/analytics/{project}/messages/daily?{RANGE}", token)
    assert response.status == 200, response.body
    assert len(response.document["data"]) == 30
