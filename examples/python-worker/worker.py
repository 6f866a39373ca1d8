"""Takes Gemini events: what is not genuine is refused, what is genuine is kept once, and answered when it is safe."""

import os
import sqlite3

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SIGNING_SECRET"])
database = sqlite3.connect(os.environ.get("DATABASE", "events.db"), isolation_level=None)
database.execute(
    "CREATE TABLE IF NOT EXISTS events (source TEXT, id TEXT, type TEXT, subject TEXT, data TEXT, PRIMARY KEY (source, id))"
)
app = FastAPI()


@app.post("/events")
async def take(request: Request) -> Response:
    headers, body = dict(request.headers), await request.body()
    try:
        webhook.verify(body, headers, json_parse=False)
    except WebhookVerificationError:
        return Response(status_code=401)  # events wait until the secret fits
    try:
        event = from_http_event(HTTPMessage(headers, body))  # binary or structured
    except Exception:
        return Response(status_code=400)  # never readable: a dead letter
    row = (event.get_source(), event.get_id(), event.get_type(), event.get_subject(), str(event.get_data()))
    taken = database.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row).rowcount
    print("new" if taken else "again", event.get_type(), event.get_subject(), flush=True)
    return Response(status_code=204)
