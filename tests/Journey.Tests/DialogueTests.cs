using System.Diagnostics;
using System.Globalization;
using CsCheck;
using Journey.Tests.Harness;
using Journey.Tests.Hostile;
using Testing.Shared;
using Xunit.Sdk;

namespace Journey.Tests;

/// <summary>Whole dialogues of two phones with the published edge, in any order, some requests in other forms and some broken: answers as they must be, every accepted message to its end.</summary>
/// <remarks>tests/fuzz goes through more of them. A failure names its seed and the steps that matter.</remarks>
public sealed class DialogueTests(JourneySystem system)
{
    private const int MostAgain = 200;   // tries to leave steps out

    [Fact]
    [Spec("P2", "S11", "D.one-id", "N.sip")]
    public async Task Dialogues_AnyStepsAndForms_AnsweredAndNothingLost()
    {
        Console.WriteLine($"dialogues: seed {HostileSettings.Seed}");
        EdgeHealth health = await EdgeHealth.BeforeAsync(system);
        Stopwatch watch = Stopwatch.StartNew();
        PCG next = new((uint)(HostileSettings.Seed & 0x7FFF_FFFF));
        int steps = 0;
        for (int i = 0; i < HostileSettings.Dialogues; i++)
        {
            DialogueStep[] dialogue = DialogueStep.Dialogue.Generate(new PCG(next.Next() >> 1, next.Next64()), null, out _);
            if (await FaultAsync(dialogue) is { } fault) throw new XunitException(await ReportAsync(i, dialogue, fault), fault);
            steps += dialogue.Length;
        }

        await health.AssertUnhurtAsync();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"dialogues: {HostileSettings.Dialogues}, {steps} steps, seed {HostileSettings.Seed}, {HostileSettings.Dialogues / watch.Elapsed.TotalSeconds:F1} a second; 0 faults"));
    }

    private async Task<Exception?> FaultAsync(IReadOnlyList<DialogueStep> dialogue)
    {
        IReadOnlyList<Account> accounts = await system.NewAccountsAsync("talk", 2);
        try
        {
            await new DialogueRun(system, [.. accounts]).GoAsync(dialogue);
            return null;
        }
#pragma warning disable CA1031 // whatever it is, it is what the dialogue found
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return fault;
        }
    }

    private async Task<string> ReportAsync(int number, DialogueStep[] dialogue, Exception fault)
    {
        List<DialogueStep> rest = [.. dialogue];
        int tries = 0;
        for (int piece = rest.Count / 2; piece >= 1; piece /= 2)
        {
            for (int from = rest.Count - piece; from >= 0 && tries < MostAgain; from -= piece, tries++)
            {
                List<DialogueStep> without = [.. rest.Take(from), .. rest.Skip(from + piece)];
                if (await FaultAsync(without) is not { } same) continue;
                (rest, fault) = (without, same);
                from = Math.Min(from, rest.Count);
            }
        }

        return $"Dialogue {number} of seed {HostileSettings.Seed}. Its {rest.Count} steps that matter:\n{string.Join('\n', rest)}\n{fault}";
    }
}
