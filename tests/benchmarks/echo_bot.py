"""The barest LINE bot on the same stack: signature checked, text echoed through the SDK, nothing remembered.

The measure that `load.py` holds Rutan against. Settings by environment: PORT, LINE_CHANNEL_SECRET,
LINE_CHANNEL_ACCESS_TOKEN, LINE_API_URL.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, Request, Response
from linebot.v3 import WebhookParser
from linebot.v3.exceptions import InvalidSignatureError
from linebot.v3.messaging import (
    AsyncApiClient,
    AsyncMessagingApi,
    Configuration,
    ReplyMessageRequest,
    TextMessage,
)
from linebot.v3.webhooks import MessageEvent, TextMessageContent


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    configuration = Configuration(host=os.environ["LINE_API_URL"], access_token=os.environ["LINE_CHANNEL_ACCESS_TOKEN"])
    # As many connections as Rutan takes: the default follows the number of cores.
    configuration.connection_pool_maxsize = 100
    async with AsyncApiClient(configuration) as client:
        app.state.line = AsyncMessagingApi(client)
        yield


app = FastAPI(lifespan=lifespan)
parser = WebhookParser(os.environ.get("LINE_CHANNEL_SECRET", ""))


@app.get("/health/ready")
async def ready() -> dict[str, bool]:
    return {"ready": True}


@app.post("/webhooks/line")
async def webhook(request: Request) -> Response:
    body = (await request.body()).decode()
    try:
        events = parser.parse(body, request.headers.get("x-line-signature", ""))
    except InvalidSignatureError:
        return Response(status_code=401)
    for event in events:
        if isinstance(event, MessageEvent) and isinstance(event.message, TextMessageContent):
            message = TextMessage(text=event.message.text)
            await app.state.line.reply_message(ReplyMessageRequest(replyToken=event.reply_token, messages=[message]))
    return Response("ok")


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", log_level="warning", access_log=False
    )
