using BenchmarkDotNet.Running;
using VlmSharp.Cpu;

// The floors first: every figure below is read against them.
Console.WriteLine(MachineLimits.Measure());
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
