"""A client of the public API with a stub that Debian's protoc made (tests/python-stub FOLDER).

usage: messages.py STUB_FOLDER HOST:PORT CA_FILE USER PASSWORD send RECIPIENT TEXT [MESSAGE_ID]
       messages.py STUB_FOLDER HOST:PORT CA_FILE USER PASSWORD get MESSAGE_ID
       messages.py STUB_FOLDER HOST:PORT CA_FILE USER PASSWORD watch [RESUME_TOKEN]
       messages.py STUB_FOLDER HOST:PORT CA_FILE USER PASSWORD receive [DEVICE]

Prints "STATE MESSAGE_ID", or "refused CODE" with exit code 1.
watch prints that for each change, from "watching" on, until it is interrupted; it goes on by itself after a cut.
receive prints "receiving", then "SENDER TEXT" for each message and "receipt STATE MESSAGE_ID" for each receipt, and acknowledges it.
"""
import base64
import queue
import sys
import time
import uuid

stub_folder, address, ca_file, user, password, verb, *rest = sys.argv[1:]
sys.path.insert(0, stub_folder)

import grpc
from edge.messages.v1 import messages_pb2, messages_pb2_grpc


def show(*words) -> None:
    print(*words, flush=True)


def state_of(answer) -> str:
    return messages_pb2.MessageState.Name(answer.state)


def send(service, metadata, recipient, text, message_id=None) -> None:
    request = messages_pb2.SendMessageRequest(message_id=message_id or str(uuid.uuid4()), recipient=recipient, text=text)
    answer = service.SendMessage(request, metadata=metadata, timeout=12)
    show(state_of(answer), answer.message_id)


def get(service, metadata, message_id) -> None:
    answer = service.GetMessage(messages_pb2.GetMessageRequest(message_id=message_id), metadata=metadata, timeout=12)
    show(state_of(answer), answer.message_id)


def watch(service, metadata, token="") -> None:
    watching = False
    while True:
        try:
            for response in service.WatchMessages(messages_pb2.WatchMessagesRequest(resume_token=token), metadata=metadata):
                if not watching:
                    watching = True
                    show("watching")
                if response.reset:
                    show("reset")   # changes were missed: ask GetMessage for what is still open
                for change in response.changes:
                    show(state_of(change), change.message_id)
                token = response.resume_token   # kept once its changes are dealt with: nothing is missed, whatever happens next
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
        time.sleep(1)


def receive(service, metadata, device="") -> None:
    requests = queue.Queue()
    requests.put(messages_pb2.ReceiveMessagesRequest(start=messages_pb2.ReceiveStart(device=device)))
    known = set()   # ids that were shown: what comes again is acknowledged again, and shown once
    for response in service.ReceiveMessages(iter(requests.get, None), metadata=metadata):
        if response.HasField("started"):
            show("receiving")
        if not response.HasField("message"):
            continue
        message = response.message
        if message.message_id not in known:
            known.add(message.message_id)
            if message.HasField("receipt"):
                show("receipt", state_of(message.receipt), message.receipt.message_id)
            else:
                show(message.sender, message.text)
        requests.put(messages_pb2.ReceiveMessagesRequest(
            acknowledgement=messages_pb2.ReceiveAcknowledgement(message_id=message.message_id, token=message.token)))


def main() -> int:
    with open(ca_file, "rb") as file:
        credentials = grpc.ssl_channel_credentials(root_certificates=file.read())
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    with grpc.secure_channel(address, credentials) as channel:
        service = messages_pb2_grpc.MessagesServiceStub(channel)
        try:
            {"send": send, "get": get, "watch": watch, "receive": receive}[verb](service, [("authorization", "Basic " + basic)], *rest)
        except grpc.RpcError as error:
            show("refused", error.code().name)
            return 1
        except KeyboardInterrupt:
            pass
    return 0


sys.exit(main())
