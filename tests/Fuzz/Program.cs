// Fuzzes what strangers' bytes go through. tests/fuzz is how it is run:
//   Fuzz targets                          names of the targets
//   Fuzz mutate COUNT [SEED]              every target on its corpus, then changed messages in process; the exit code is 1 after a find
//   Fuzz show SEED NUMBER FILE            writes one of them to a file
//   Fuzz run TARGET FILE...               runs a target on files: a find of afl-fuzz, say
//   Fuzz cost                             time of hostile shapes by their length
//   Fuzz afl TARGET                       under afl-fuzz
using System.Globalization;
using Fuzz;
using Fuzz.Cost;
using SharpFuzz;

switch (args)
{
    case ["targets"]:
        foreach (FuzzTarget target in FuzzTarget.All) Console.WriteLine(target.Name);
        return 0;
    case ["mutate", string count, .. string[] rest]:
        foreach (FuzzTarget target in FuzzTarget.All)
        {
            foreach (byte[] known in target.Corpus()) target.Run(known);
        }

        return new MutationRun(rest is [string first] ? Number(first) : (ulong)Random.Shared.NextInt64(1_000_000_000), Number(count), Seeds()).Go() ? 0 : 1;
    case ["show", string seed, string number, string file]:
        MutationRun.Save(Number(seed), Number(number), Seeds(), file);
        return 0;
    case ["run", string name, .. string[] files]:
        foreach (string file in files) Named(name).Run(File.ReadAllBytes(file));
        return 0;
    case ["cost"]:
        return CostRun.Go() ? 0 : 1;
    case ["afl", string name]:
        FuzzTarget fuzzed = Named(name);   // nothing of it may run before: instrumented code needs what Fuzzer sets up
        Fuzzer.Run(stream =>
        {
            using MemoryStream bytes = new();
            stream.CopyTo(bytes);
            fuzzed.Run(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        });
        return 0;
    default:
        Console.Error.WriteLine("usage: Fuzz targets | mutate COUNT [SEED] | show SEED NUMBER FILE | run TARGET FILE... | cost | afl TARGET");
        return 2;
}

static ulong Number(string text) => ulong.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

static FuzzTarget Named(string name) => FuzzTarget.All.Single(target => target.Name == name);

// The messages of RFC 4475 are among the seeds where they are at hand: see tests/rfc4475-unpack.
static IReadOnlyList<byte[]> Seeds()
{
    string? torture = Environment.GetEnvironmentVariable("EDGE_RFC4475");
    return [.. Named("session").Corpus(), .. string.IsNullOrEmpty(torture) ? [] : Directory.EnumerateFiles(torture, "*.dat").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
}
