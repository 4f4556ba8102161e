using System.Text;
using Fuzz.Mutation;

namespace Journey.Tests.Hostile;

/// <summary>Changes the form of a request, or the request.</summary>
internal static class Twists
{
    private static readonly (string Long, string Short)[] Names =
        [("Via", "v"), ("From", "f"), ("To", "t"), ("Call-ID", "i"), ("Contact", "m"), ("Content-Length", "l"), ("Content-Type", "c"), ("Supported", "k")];

    /// <returns>The writes it is sent in.</returns>
    public static IReadOnlyList<byte[]> Apply(string request, Twist twist, uint number)
    {
        int end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        List<string> lines = [.. request[..end].Split("\r\n")];
        string body = request[(end + 4)..];
        int one = 1 + (int)(number % (uint)(lines.Count - 1));
        switch (twist)
        {
            case Twist.ShuffleHeaders:
                Dice dice = new(number, 0);
                for (int i = lines.Count - 1; i > 1; i--)
                {
                    int other = 1 + dice.Next(i);
                    (lines[i], lines[other]) = (lines[other], lines[i]);
                }

                break;
            case Twist.OtherCase:
                Rename(lines, static name => name.ToUpperInvariant());
                break;
            case Twist.ShortNames:
                Rename(lines, static name => Names.FirstOrDefault(pair => pair.Long == name).Short ?? name);
                break;
            case Twist.Fold:
                for (int i = 1; i < lines.Count; i++) lines[i] = lines[i].Replace(": ", ":\r\n \t", StringComparison.Ordinal);
                break;
            case Twist.DropHeader:
                lines.RemoveAt(one);
                break;
            case Twist.RepeatHeader:
                lines.Insert(one, lines[one]);
                break;
            case Twist.LongerLength:
                lines = [.. lines.Select(static line => line.StartsWith("Content-Length: ", StringComparison.Ordinal) ? "Content-Length: 7000" : line)];
                break;
            default:
                break;
        }

        byte[] bytes = Encoding.UTF8.GetBytes($"{string.Join("\r\n", lines)}\r\n\r\n{body}");
        if (twist == Twist.ChangeBytes)
        {
            Dice dice = new(number, 1);
            bytes = new MessageMutator([bytes]).Change(bytes, ref dice).ToArray();
        }

        return twist == Twist.Pieces ? [.. bytes.Chunk(1 + (int)(number % 97))] : [bytes];
    }

    private static void Rename(List<string> lines, Func<string, string> rename)
    {
        for (int i = 1; i < lines.Count; i++)
        {
            int colon = lines[i].IndexOf(':', StringComparison.Ordinal);
            lines[i] = rename(lines[i][..colon]) + lines[i][colon..];
        }
    }
}
