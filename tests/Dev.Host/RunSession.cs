namespace Dev.Host;
internal static class RunSession { public static Task<int> RunAsync(RunOptions o) => Task.FromResult(o.Edges); }
