"""A gRPC client of grpc-python for the conformance tests: reads orders on standard input, one JSON line each, makes the
calls of an order all at once, and prints one JSON line with their answers. Messages are bytes."""

import base64
import json
import sys

import grpc

OPTIONS = [
    ("grpc.enable_retries", 0),
    ("grpc.keepalive_time_ms", 100),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.use_local_subchannel_pool", 1),
]


def text(data):
    return base64.b64encode(data).decode()


def answer_of(call):
    try:
        return {"code": 0, "message": "", "details": "", "response": text(call.result())}
    except grpc.RpcError as error:
        trailers = dict(error.trailing_metadata() or ())
        return {
            "code": error.code().value[0],
            "message": error.details(),
            "details": text(trailers.get("grpc-status-details-bin", b"")),
            "response": "",
        }


def call_all(channel, order):
    method = channel.unary_unary(order["method"])
    compression = grpc.Compression.Gzip if order["gzip"] else None
    calls = [
        method.future(base64.b64decode(message), timeout=order["timeoutMillis"] / 1_000, compression=compression)
        for message in order["messages"]
    ]
    return [answer_of(call) for call in calls]


with grpc.insecure_channel(sys.argv[1], options=OPTIONS) as channel:
    for line in sys.stdin:
        print(json.dumps(call_all(channel, json.loads(line))), flush=True)
