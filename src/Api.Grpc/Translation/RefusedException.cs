namespace Api.Grpc.Translation;

/// <summary>Carries a refusal out of a gRPC service; <see cref="RefusalInterceptor"/> makes the answer of it.</summary>
internal sealed class RefusedException(Refused refused) : Exception(refused.Message)
{
    public RefusedException(Reason reason, string message) : this(new Refused(reason, message))
    {
    }

    public Refused Refused { get; } = refused;
}
