// Times and allocations of the parts that every message passes: loadtests/microbenchmarks [--filter '*Sip*'] [--job short]
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Microbenchmarks;

// In this process: a project made and built for each benchmark would ask for packages that are locked nowhere.
ManualConfig config = DefaultConfig.Instance.AddDiagnoser(MemoryDiagnoser.Default).AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)).WithOptions(ConfigOptions.JoinSummary);
int faults = BenchmarkSwitcher.FromAssembly(typeof(Traffic).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, config).Sum(summary => summary.Reports.Count(report => !report.Success));
return faults == 0 ? 0 : 1;
