using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;

// checkpoint FOLDER SHAPE [LAYERS]: writes a checkpoint of a published size to measure with (docs/full-size.md), or only its first
// layers.
if (args is ["checkpoint", string folder, string shape, .. string[] cut] && SyntheticCheckpoint.Shapes.TryGetValue(shape, out var model))
{
    int? layers = cut is [string number] ? int.Parse(number, System.Globalization.CultureInfo.InvariantCulture) : null;
    SyntheticCheckpoint.Write(Path.Combine(folder, layers is null ? shape : $"{shape}-{layers}-layers"), layers is not { } few ? model
        : model with { Text = model.Text with { Layers = few }, Vision = model.Vision with { Layers = few } });
    return 0;
}

// quality: what 8 and 4 bits cost in the answers of the demo model and of the golden models.
if (args is ["quality"])
{
    foreach ((DType format, int? bits) in new (DType, int?)[] { (DType.Int8, 16), (DType.Int8, 8), (DType.Int4, 8), (DType.Nf4, null) })
    {
        using var backend = new CpuBackend(new CpuBackendOptions { ActivationBits = bits });
        string beside = format + (bits is null ? " beside floats" : $" beside activations of {bits} bits");
        Console.WriteLine($"demo {beside}: {QuantizationQuality.Measure(backend, format, scenes: 40)}");
        foreach (string kind in QuantizationQuality.GoldenModels)
            Console.WriteLine($"golden {kind} {beside}: {QuantizationQuality.MeasureGoldens(backend, format, kind)}");
    }

    return 0;
}

if (args is ["checkpoint", ..])
{
    Console.Error.WriteLine($"usage: checkpoint FOLDER {string.Join("|", SyntheticCheckpoint.Shapes.Keys)} [LAYERS]");
    return 2;
}

// ladder: every rung of bench/VlmSharp.Ladder, from the equations to the library's kernels.
if (args is ["ladder"])
{
    VlmSharp.Bench.Ladder.LadderProgram.Run();
    return 0;
}

// tokenizer: prose into ids, here and by Microsoft.ML.Tokenizers (docs/dependencies.md).
if (args is ["tokenizer"])
{
    VlmSharp.Bench.TokenizerTimes.Run();
    return 0;
}

// pictures [FILE...]: decoding, here and by StbImageSharp (docs/dependencies.md).
if (args is ["pictures", .. string[] pictures])
{
    VlmSharp.Bench.PictureTimes.Run(pictures);
    return 0;
}

// gpu STEP: what bench/gpu/run is made of.
if (args is ["gpu", .. string[] gpu]) return VlmSharp.Bench.Gpu.GpuProgram.Run(gpu);

// targets MODEL_DIR [PART...]: what is reached of the machine's limits (docs/full-size.md).
if (args is ["operators", .. string[] stages]) return VlmSharp.Bench.OperatorsProgram.Run(stages);

if (args is ["targets", .. string[] rest]) return VlmSharp.Bench.Targets.TargetsProgram.Run(rest);

// training MODEL_DIR [lora|qlora|full]: a training step compared with the machine's limits (docs/benchmarks.md).
if (args is ["training", .. string[] training]) return VlmSharp.Bench.Training.TrainingProgram.Run(training);

// soak [--requests N] [--callers N] [--seed N]: many callers for a long time.
if (args is ["soak", .. string[] soak]) return await VlmSharp.Bench.Callers.SoakProgram.RunAsync(soak);

// callers [MODEL_DIR]: many callers at once, compared with one after another (docs/benchmarks.md).
if (args is ["callers", .. string[] callers]) return await VlmSharp.Bench.Callers.CallersProgram.RunAsync(callers);

// The floors come first, because every figure below is compared with them.
Console.WriteLine(MachineLimits.Measure());

// In this process: the kernels compile at full optimization on first use, so a fresh process for each case would only cost time.
IConfig config = ManualConfig.Create(DefaultConfig.Instance).AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
return 0;
