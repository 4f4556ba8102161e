"""A client of the public API with a stub that Debian's protoc made (tests/python-stub FOLDER).

usage: messages.py STUB_FOLDER HOST:PORT CA_FILE USER PASSWORD send RECIPIENT TEXT [MESSAGE_ID]
       messages.py STUB_FOLDER HOST:PORT CA_FILE USER PASSWORD get MESSAGE_ID

Prints "STATE MESSAGE_ID", or "refused CODE" with exit code 1.
"""
import base64
import sys
import uuid

stub_folder, address, ca_file, user, password, verb, *rest = sys.argv[1:]
sys.path.insert(0, stub_folder)

import grpc
from edge.messages.v1 import messages_pb2, messages_pb2_grpc


def main() -> int:
    with open(ca_file, "rb") as file:
        credentials = grpc.ssl_channel_credentials(root_certificates=file.read())
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    with grpc.secure_channel(address, credentials) as channel:
        service = messages_pb2_grpc.MessagesServiceStub(channel)
        metadata = [("authorization", "Basic " + basic)]
        try:
            if verb == "send":
                recipient, text, *given = rest
                request = messages_pb2.SendMessageRequest(
                    message_id=given[0] if given else str(uuid.uuid4()), recipient=recipient, text=text)
                answer = service.SendMessage(request, metadata=metadata, timeout=12)
            else:
                answer = service.GetMessage(
                    messages_pb2.GetMessageRequest(message_id=rest[0]), metadata=metadata, timeout=12)
        except grpc.RpcError as error:
            print("refused", error.code().name)
            return 1
    print(messages_pb2.MessageState.Name(answer.state), answer.message_id)
    return 0


sys.exit(main())
