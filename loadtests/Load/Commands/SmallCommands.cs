using System.CommandLine;
using Load.Reports;
using Load.Run;
using Load.Scenarios;

namespace Load.Commands;

/// <summary>The commands of a few lines: <c>list</c>, <c>accounts</c>, <c>report</c>.</summary>
internal static class SmallCommands
{
    public static Command List()
    {
        Command command = new("list", "Lists the scenarios that come with the kit.");
        command.SetAction(static _ =>
        {
            foreach (string name in ScenarioFile.Names) Console.WriteLine($"{name,-16} {ScenarioFile.Load(name).Description}");
        });
        return command;
    }

    public static Command Accounts()
    {
        Argument<int> count = new("COUNT") { Description = "How many" };
        Option<int> first = new("--first-user") { Description = "Number of the first", HelpName = "N" };
        Command command = new("accounts", "Prints the accounts that scenarios use, as ./run --accounts and the admin API take them: a line user,password for each.") { count, first };
        command.SetAction(result =>
        {
            UserPlan plan = new() { First = result.GetValue(first) };
            for (int i = 0; i < result.GetRequiredValue(count); i++) Console.WriteLine($"{AccountNames.Name(plan, i)},{AccountNames.Password(plan, i)}");
        });
        return command;
    }

    public static Command Report()
    {
        Argument<string> folder = new("RUN") { Description = "Folder of a run" };
        Command command = new("report", "Writes the reports of a run anew from its result.json.") { folder };
        command.SetAction(result =>
        {
            try
            {
                ReportFolder.WriteReports(result.GetRequiredValue(folder), ReportFolder.Read(result.GetRequiredValue(folder)));
                return ExitCodes.Passed;
            }
            catch (ScenarioException fault)
            {
                Console.Error.WriteLine(fault.Message);
                return ExitCodes.Usage;
            }
        });
        return command;
    }
}
