"""Starts a batch whose end is told to one address alone, with a note that comes back: python3 start_batch.py"""

import os

from google import genai

client = genai.Client()  # takes GEMINI_API_KEY from the environment
batch = client.batches.create(
    model="gemini-2.5-flash",
    src=[
        {"contents": [{"role": "user", "parts": [{"text": "Why is the sky blue?"}]}]},
        {"contents": [{"role": "user", "parts": [{"text": "Why is grass green?"}]}]},
    ],
    config={
        "display_name": "two questions",
        "webhook_config": {"uris": [os.environ["WEBHOOK_URI"]], "user_metadata": {"team": "search"}},
    },
)
print(batch.name)
