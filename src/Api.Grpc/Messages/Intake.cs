using Api.Grpc.Translation;
using Core.Store.Mailboxes;

namespace Api.Grpc.Messages;

/// <summary>How an attempt to hand over a message ended: refused, or held with a state.</summary>
internal readonly record struct Intake(Refused? Refused, MessageStatus? Status);
