using CsCheck;

namespace Journey.Tests.Hostile;

/// <summary>What a phone does next.</summary>
internal enum Act
{
    Register,
    RegisterWithWrongPassword,
    Refresh,
    Unregister,
    Send,
    SendWrapped,
    SendTwice,
    Options,
    Ping,
    OutsideAnyDialog,
    AnswerAlike,
    AnswerNothing,
    AnswerNow,
    Forge,
    Leave,
    Vanish,
}

/// <summary>What is done to a request before it is written. Up to <see cref="Pieces"/> it stays the same request.</summary>
internal enum Twist
{
    None,
    ShuffleHeaders,
    OtherCase,
    ShortNames,
    Fold,
    Pieces,
    DropHeader,
    RepeatHeader,
    ChangeBytes,
    LongerLength,
}

/// <summary>One step of a dialogue of two phones, in small numbers: what they stand for depends on how far it has come.</summary>
/// <param name="Phone">0 or 1.</param>
/// <param name="Number">What the act and the twist need.</param>
internal sealed record DialogueStep(int Phone, Act Act, Twist Twist, uint Number)
{
    /// <summary>Most requests stay what they are: a dialogue that ends at its second step shows little.</summary>
    private static readonly Gen<Twist> Twists = Gen.Frequency(
        (12, Gen.Const(Twist.None)), (5, Gen.Int[(int)Twist.ShuffleHeaders, (int)Twist.Pieces].Select(static t => (Twist)t)), (2, Gen.Int[(int)Twist.DropHeader, (int)Twist.LongerLength].Select(static t => (Twist)t)));

    private static readonly Gen<Act> Acts = Gen.Frequency(
        (4, Gen.Const(Act.Register)), (1, Gen.Const(Act.RegisterWithWrongPassword)), (2, Gen.Const(Act.Refresh)), (1, Gen.Const(Act.Unregister)), (6, Gen.Const(Act.Send)), (2, Gen.Const(Act.SendWrapped)),
        (2, Gen.Const(Act.SendTwice)), (2, Gen.Const(Act.Options)), (1, Gen.Const(Act.Ping)), (1, Gen.Const(Act.OutsideAnyDialog)), (3, Gen.Const(Act.AnswerAlike)), (1, Gen.Const(Act.AnswerNothing)), (1, Gen.Const(Act.AnswerNow)),
        (1, Gen.Const(Act.Forge)), (1, Gen.Const(Act.Leave)), (1, Gen.Const(Act.Vanish)));

    public static readonly Gen<DialogueStep[]> Dialogue = Gen.Select(Gen.Int[0, 1], Acts, Twists, Gen.UInt).Select(static (phone, act, twist, number) => new DialogueStep(phone, act, twist, number)).Array[6, 30];

    /// <summary>Whether the request is still the one it was.</summary>
    public bool IsWhole => Twist <= Twist.Pieces;
}
