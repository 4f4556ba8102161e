using System.CommandLine;
using Load;
using Load.Commands;

RootCommand root = new("Load tests: virtual users against a deployment, with a ledger of every message.")
{
    RunCommand.Create(),
    CompareCommand.Create(),
    MergeCommand.Create(),
    SmallCommands.List(),
    SmallCommands.Accounts(),
    SmallCommands.Report(),
};

ParseResult parsed = root.Parse(args);

// No termination timeout: Ctrl-C ends a run with its report.
int code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
return parsed.Errors.Count > 0 ? ExitCodes.Usage : code;
