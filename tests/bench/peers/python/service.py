# SPDX-License-Identifier: Apache-2.0
"""The service that is written first: FastAPI and redis-py, a string of JSON for each film, a sorted set and a hash for each of its rows.
PEER_REDIS=HOST:PORT uvicorn service:app"""
import json
import os

import redis.asyncio as redis
from fastapi import FastAPI, HTTPException

HOST, PORT = os.environ["PEER_REDIS"].split(":")
app = FastAPI()
client = redis.Redis(host=HOST, port=int(PORT), decode_responses=True)


@app.get("/movies/{movie_id}")
async def movie(movie_id: str):
    text = await client.get(f"plain:{movie_id}")
    if text is None:
        raise HTTPException(404)
    return json.loads(text)


@app.get("/top")
async def top(count: int = 10):
    ids = await client.zrevrange("board", 0, count - 1)
    async with client.pipeline(transaction=False) as pipe:
        for one in ids:
            pipe.hgetall(f"hash:{one}")
        return await pipe.execute()
