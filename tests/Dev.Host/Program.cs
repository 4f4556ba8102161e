using System.CommandLine;
using Dev.Host;
using Dev.Host.Store;

RootCommand root = new("The development host: certificates, an embedded store, the core and the edges, on loopback.")
{
    RunCommand.Create(),
    StoreCommand.Create(),
};

ParseResult parsed = root.Parse(args);

// No termination timeout: the commands stop their own children and need longer than the parser's 2 seconds.
int code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
return parsed.Errors.Count > 0 ? ExitCodes.Usage : code;
