using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using VlmSharp.Cpu;

// The floors first: every figure below is read against them.
Console.WriteLine(MachineLimits.Measure());

// In this process: the kernels compile at full optimization on first use, so a fresh process for each case would only cost time.
IConfig config = ManualConfig.Create(DefaultConfig.Instance).AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
