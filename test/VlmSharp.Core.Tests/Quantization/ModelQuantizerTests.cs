using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Core.Tests.Checkpoints;
using VlmSharp.Formats;
using VlmSharp.Generation;
using VlmSharp.Models;
using VlmSharp.Quantization;

namespace VlmSharp.Core.Tests.Quantization;

public sealed class ModelQuantizerTests : IDisposable
{
    private readonly TemporaryFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Target => Path.Combine(scratch.Path, "quantized");

    /// <summary>The folder opens like any other: decoder matrices in the format, the table in 8 bits, the rest as it was.</summary>
    [Theory]
    [InlineData(DType.Int8)]
    [InlineData(DType.Int4)]
    public void A_quantized_folder_is_a_model(DType format)
    {
        var shares = new List<double>();
        QuantizationSummary summary = ModelQuantizer.Write(GoldenFiles.DemoModel, Target, format, new Shares(shares));
        Assert.Equal(shares.Order(), shares);
        Assert.Equal(1, shares[^1], 6);

        using Checkpoint source = Checkpoint.Open(GoldenFiles.DemoModel), quantized = Checkpoint.Open(Target);
        Assert.Equal(source.ParameterCounts, quantized.ParameterCounts);
        Assert.Equal(quantized.Tensors.Values.Count(t => t.DType.IsQuantized()), summary.Quantized);
        Assert.Equal(summary.Matrices, summary.Quantized);
        foreach (var (name, tensor) in quantized.Tensors)
        {
            bool matrix = name.StartsWith("language_model.", StringComparison.Ordinal) && tensor.Shape.Length == 2;
            Assert.Equal(!matrix ? DType.BF16 : name == TensorNames.Embedding ? DType.Int8 : format, tensor.DType);
            Assert.Equal(source.Tensors[name].Shape.AsEnumerable(), tensor.Shape.AsEnumerable());
        }

        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Target, "config.json")));
        Assert.Equal(
            format == DType.Int8 ? "int8" : "int4",
            config.RootElement.GetProperty("quantization_config").GetProperty("format").GetString());
        Assert.Equal("paligemma", config.RootElement.GetProperty("model_type").GetString());
    }

    /// <summary>Quantizing into a folder and while loading are the same, to the last bit.</summary>
    [Theory]
    [InlineData(DType.Int8)]
    [InlineData(DType.Int4)]
    [InlineData(DType.Nf4)]
    public void A_quantized_folder_equals_quantizing_while_loading(DType format) => AssertAgree(GoldenFiles.DemoModel, format);

    /// <summary>It has the integers of the embedding table and scales of its own.</summary>
    [Theory]
    [InlineData(DType.Int8)]
    [InlineData(DType.Int4)]
    public void A_head_that_is_twice_the_embedding_stays(DType format)
    {
        using TemporaryFolder source = Changed((file, e) => TensorNames.Normalize(e.Name) != TensorNames.Embedding
            ? []
            : [TensorToWrite.FromFloats(TensorNames.Head, DType.BF16, e.Shape, file.ReadFloats(e.Name).Select(v => 2 * v).ToArray())]);
        AssertAgree(source.Path, format);
        using Checkpoint quantized = Checkpoint.Open(Target);
        Assert.True(quantized.HasSeparateHead);
    }

    private void AssertAgree(string source, DType format)
    {
        ModelQuantizer.Write(source, Target, format);
        using var backend = new ReferenceBackend();
        using VisionLanguageModel folder = VisionLanguageModel.Open(Target, backend);
        using VisionLanguageModel loaded = VisionLanguageModel.Open(source, backend, new ModelOptions { Quantization = format });
        Assert.Equal((0, true), (folder.QuantizedBytes, loaded.QuantizedBytes > 0));
        Assert.Equal(folder.Network.DecodeBytes, loaded.Network.DecodeBytes);
        Assert.Equal(Logits(folder), Logits(loaded));

        static float[] Logits(VisionLanguageModel model)
        {
            using Indices ids = model.Backend.Upload([5, 17, 300, 2000]);
            using Matrix x = model.Network.Embed(ids);
            var batch = new SequenceBatch();
            batch.Add(4, 2);
            using Matrix hidden = model.Network.Decode(x, model.Backend.Prepare(batch)), logits = model.Network.Logits(hidden);
            float[] values = new float[logits.Length];
            model.Backend.Download(logits, values);
            return values;
        }
    }

    [Fact]
    public void Impossible_requests_are_refused()
    {
        ModelQuantizer.Write(GoldenFiles.DemoModel, Target, DType.Int8);
        string other = Path.Combine(scratch.Path, "other");
        Assert.Contains(
            "quantized already",
            Assert.Throws<RequestException>(() => ModelQuantizer.Write(Target, other, DType.Int4)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "not empty",
            Assert.Throws<IOException>(() => ModelQuantizer.Write(GoldenFiles.DemoModel, Target, DType.Int4)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "BF16 is not",
            Assert.Throws<RequestException>(() => ModelQuantizer.Write(GoldenFiles.DemoModel, other, DType.BF16)).Message,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(other));
        string file = Path.Combine(scratch.Path, "file");
        File.WriteAllText(file, "");
        foreach (string below in new[] { file, Path.Combine(file, "below"), Path.Combine(file, "further", "below") })
            Assert.Equal(
                $"The folder {below} cannot be created, because {file} is a file; give one that can be written.",
                Assert.Throws<IOException>(() => ModelQuantizer.Write(GoldenFiles.DemoModel, below, DType.Int8)).Message);
        if (OperatingSystem.IsLinux())
            Assert.Equal(
                "The folder /proc/x cannot be created, because /proc takes no new folders; give one that can be written.",
                Assert.Throws<IOException>(() => ModelQuantizer.Write(GoldenFiles.DemoModel, "/proc/x", DType.Int8)).Message);
        using var backend = new ReferenceBackend();
        Assert.Throws<RequestException>(() => VisionLanguageModel.Open(Target, backend, new ModelOptions { Quantization = DType.Int8 }));

        string odd = GoldenFiles.PathOf("models", "pg1odd"); // has widths of 84, 108 and 133
        string written = Assert.Throws<RequestException>(() => ModelQuantizer.Write(odd, other, DType.Int4)).Message;
        Assert.Contains(
            "must be whole groups of 64 numbers for Int8, 32 for Int4, and those of its decoder's 15 matrices are not",
            written,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(other));
        Assert.Equal(
            written,
            Assert.Throws<RequestException>(
                () => VisionLanguageModel.Open(odd, backend, new ModelOptions { Quantization = DType.Int4 })).Message);
    }

    [Fact]
    public void A_canceled_run_leaves_nothing()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new Canceling(cancellation);
        Assert.ThrowsAny<OperationCanceledException>(
            () => ModelQuantizer.Write(GoldenFiles.DemoModel, Target, DType.Int4, progress, cancellationToken: cancellation.Token));
        Assert.False(Directory.Exists(Target));
    }

    /// <summary>Rows of 160 numbers are five groups of 32, but not a whole number of groups of 64.</summary>
    [Fact]
    public void Matrices_that_do_not_fit_stay_and_are_counted()
    {
        QuantizationSummary summary = ModelQuantizer.Write(GoldenFiles.PathOf("models", "pg1"), Target, DType.Int8);
        using Checkpoint quantized = Checkpoint.Open(Target);
        CheckpointTensor[] matrices =
            [.. quantized.Tensors.Values.Where(t => t.Name.StartsWith("language_model.", StringComparison.Ordinal) && t.Shape.Length == 2)];
        Assert.Equal(new QuantizationSummary(matrices.Count(t => t.DType == DType.Int8), matrices.Length), summary);
        Assert.InRange(summary.Quantized, 1, summary.Matrices - 1);
        Assert.All(matrices, t => Assert.Equal(t.Shape[1] % 64 == 0, t.DType == DType.Int8));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void No_more_threads_work_than_are_asked_for(int threads)
    {
        using var loops = new ParallelLoops();
        ModelQuantizer.Write(GoldenFiles.DemoModel, Target, DType.Int4, threads: threads);
        Assert.InRange(loops.MostThreads, 1, threads);
        Assert.Throws<ArgumentOutOfRangeException>(
            nameof(threads), () => ModelQuantizer.Write(GoldenFiles.DemoModel, Target, DType.Int4, threads: 0));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Loading_quantizes_on_the_threads_of_the_backend(int threads)
    {
        using var inner = new ReferenceBackend();
        using var loops = new ParallelLoops();
        using VisionLanguageModel model = VisionLanguageModel.Open(
            GoldenFiles.DemoModel, new ThreadedBackend(inner, threads), new ModelOptions { Quantization = DType.Int8 });
        Assert.InRange(loops.MostThreads, 1, threads);
    }

    /// <summary>The matrix being quantized when the cancellation comes is the last one.</summary>
    [Fact]
    public void Loading_can_be_canceled()
    {
        using var backend = new ReferenceBackend();
        using var cancellation = new CancellationTokenSource();
        using var loops = new ParallelLoops(cancellation.Cancel);
        Assert.ThrowsAny<OperationCanceledException>(() =>
            VisionLanguageModel.Open(GoldenFiles.DemoModel, backend, new ModelOptions { Quantization = DType.Int8 }, cancellation.Token));
        Assert.Equal(1, loops.Count);
        Assert.ThrowsAny<OperationCanceledException>(
            () => VisionLanguageModel.Open(GoldenFiles.DemoModel, backend, cancellationToken: cancellation.Token));
    }

    /// <summary>The error names integers without scales, scales of a wrong shape, and scales without integers.</summary>
    [Fact]
    public void The_error_names_what_is_damaged()
    {
        ModelQuantizer.Write(GoldenFiles.DemoModel, Target, DType.Int4);
        const string Gate = "language_model.model.layers.0.mlp.gate_proj.weight", Norm = "language_model.model.norm.weight";
        Assert.Contains(
            $"quantized and without their scales: {Gate}", Damaged(t => t.Name != Gate + "_scale" ? t : null), StringComparison.Ordinal);
        Assert.Contains(
            $"{Gate}_scale is [6, 512], not [512, 6]",
            Damaged(t => t.Name != Gate + "_scale" ? t : TensorToWrite.FromBytes(t.Name, t.Type, [6, 512], new byte[t.ByteLength])),
            StringComparison.Ordinal);
        Assert.Contains(
            $"{Gate}_scale is F16",
            Damaged(
                t => t.Name != Gate + "_scale" ? t : TensorToWrite.FromBytes(t.Name, SafetensorsType.F16, t.Shape, new byte[t.ByteLength])),
            StringComparison.Ordinal);
        Assert.Contains(
            $"{Gate} is [512, 48], not [512, 96]",
            Damaged(t => t.Name != Gate ? t : TensorToWrite.FromBytes(t.Name, t.Type, [512, 48], new byte[512 * 48])),
            StringComparison.Ordinal);
        Assert.Contains(
            $"without them): '{Norm}_scale'",
            Damaged(
                t => t.Name != Gate + "_scale" ? t : t, TensorToWrite.FromBytes(Norm + "_scale", SafetensorsType.BF16, [3], new byte[6])),
            StringComparison.Ordinal);
        Assert.Contains(
            $"{Norm} is I8",
            Damaged(t => t.Name != Norm ? t : TensorToWrite.FromBytes(t.Name, SafetensorsType.I8, t.Shape, new byte[t.Shape[0]])),
            StringComparison.Ordinal);
    }

    /// <summary>Without this check NaN and infinity would silently become other numbers.</summary>
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void The_error_names_a_tensor_that_is_not_finite(float odd)
    {
        const string Gate = "language_model.model.layers.1.mlp.gate_proj.weight";
        using TemporaryFolder source = Changed((file, e) =>
        {
            if (TensorNames.Normalize(e.Name) != Gate) return [];
            float[] values = file.ReadFloats(e.Name);
            foreach (int row in new[] { 17, 300 }) values[row * e.Shape[1] + 5] = odd;
            return [TensorToWrite.FromFloats(e.Name, DType.BF16, e.Shape, values)];
        });
        using var backend = new ReferenceBackend();
        foreach (DType format in new[] { DType.Int8, DType.Int4 })
        {
            string written = Assert.Throws<ModelFormatException>(() => ModelQuantizer.Write(source.Path, Target, format)).Message;
            string loaded = Assert.Throws<ModelFormatException>(
                () => VisionLanguageModel.Open(source.Path, backend, new ModelOptions { Quantization = format })).Message;
            Assert.StartsWith($"{source.Path}: row 17 of {Gate} holds NaN or infinity", written, StringComparison.Ordinal);
            Assert.Equal(written, loaded);
            Assert.False(Directory.Exists(Target));
        }
    }

    /// <summary>Makes the demo model with changed tensors: a given tensor replaces the one of its name or is added.</summary>
    private static TemporaryFolder Changed(Func<SafetensorsFile, SafetensorsEntry, TensorToWrite[]> change)
    {
        var folder = new TemporaryFolder();
        folder.CopyFrom(GoldenFiles.DemoModel, "model.safetensors");
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(GoldenFiles.DemoModel, "model.safetensors"));
        TensorToWrite[] others = [.. file.Entries.Values.SelectMany(e => change(file, e))];
        SafetensorsWriter.WriteModel(folder.Path, file.Entries.Values
            .Select(e => TensorToWrite.FromPointer(e.Name, e.Type, e.Shape, file.DataPointer(e), file))
            .Where(t => others.All(o => o.Name != t.Name))
            .Concat(others));
        return folder;
    }

    private string Damaged(Func<TensorToWrite, TensorToWrite?> change, params TensorToWrite[] more)
    {
        using var folder = new TemporaryFolder();
        folder.CopyFrom(Target, "model.safetensors");
        using (SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Target, "model.safetensors")))
        {
            IEnumerable<TensorToWrite> tensors = file.Entries.Values.Select(
                e => change(TensorToWrite.FromPointer(e.Name, e.Type, e.Shape, file.DataPointer(e), file))).OfType<TensorToWrite>();
            SafetensorsWriter.WriteModel(folder.Path, [.. tensors, .. more]);
        }

        return Assert.Throws<ModelFormatException>(() => Checkpoint.Open(folder.Path).Dispose()).Message;
    }

    private sealed class ThreadedBackend(IComputeBackend inner, int threads) : DelegatingBackend(inner)
    {
        public override int Threads => threads;
    }

    private sealed class Shares(List<double> seen) : IProgress<double>
    {
        public void Report(double value) => seen.Add(value);
    }

    private sealed class Canceling(CancellationTokenSource source) : IProgress<double>
    {
        public void Report(double value)
        {
            if (value > 0.3) source.Cancel();
        }
    }
}
