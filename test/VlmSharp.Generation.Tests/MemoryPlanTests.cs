using VlmSharp.Adapters;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Quantization;

namespace VlmSharp.Generation.Tests;

/// <summary>The planned memory equals the memory that is used.</summary>
public sealed class MemoryPlanTests
{
    [Theory]
    [InlineData(1, 1, 4, 8)]
    [InlineData(5, 1, 9, 3)]
    [InlineData(2, 2, 20, 2)]
    [InlineData(2, 1, 5, 6, 4)]
    [InlineData(1, 1, 5, 1, 4)]
    public void ActivationsAreForeseenToTheByte(int requests, int pictures, int textTokens, int newTokens, int beams = 1)
    {
        MemoryPlan plan = MemoryPlan.For(GoldenFiles.DemoModel, requests, pictures, textTokens, newTokens, beams);

        using var backend = new CpuBackend();
        using var model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        RgbImage cake = ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"));
        model.Generate([.. Enumerable.Range(0, requests).Select(i => new GenerationRequest
        {
            PromptIds = new int[textTokens],
            Images = [.. Enumerable.Range(0, pictures).Select(k => Shifted(cake, i * pictures + k))],
        })], new GenerationOptions { MaxNewTokens = newTokens, Beams = beams, IgnoreEndOfSequence = true });

        Assert.Equal(backend.AllocatedBytes, plan.ActivationBytes);
        Assert.Equal(pictures * 64 + textTokens, plan.PromptTokens);
        Assert.Equal(newTokens, plan.NewTokens);
        Assert.Equal(2L * 3 * 48 * (plan.PromptTokens + newTokens - 1) * 4 * requests * (newTokens > 1 ? beams : 1), plan.KvCacheBytes);
        Assert.Equal(model.Checkpoint.TotalBytes, plan.MappedBytes);
        Assert.InRange(backend.ScratchBytes, 1, CpuBackend.MostScratchBytes(4 * 192, 64, 3 * 14 * 14, backend.Threads));
    }

    [Theory]
    [InlineData(DType.Int8)]
    [InlineData(DType.Int4)]
    public void QuantizedWeightsAreForeseenToTheByte(DType format)
    {
        MemoryPlan plan = MemoryPlan.For(GoldenFiles.DemoModel, 2, 1, 5, 3, quantization: format),
            plain = MemoryPlan.For(GoldenFiles.DemoModel, 2, 1, 5, 3);

        using var backend = new CpuBackend();
        using var model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend, new ModelOptions { Quantization = format });
        RgbImage cake = ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"));
        model.Generate([
            .. Enumerable.Range(0, 2).Select(i => new GenerationRequest { PromptIds = new int[5], Images = [Shifted(cake, i)] })
        ],
            new GenerationOptions { MaxNewTokens = 3, IgnoreEndOfSequence = true });

        Assert.Equal(model.QuantizedBytes, plan.QuantizedBytes);
        Assert.Equal(backend.AllocatedBytes, plan.ActivationBytes);
        Assert.Equal(plain.PrivateBytes + plan.QuantizedBytes, plan.PrivateBytes);
        long unused = model.Checkpoint.Tensors.Values.Sum(
            t => QuantizationPlan.FormatOf(t.Name, t.Shape.Length > 1 ? 2 : 1, (int)t.Shape[^1], format) is null ? 0 : t.ByteLength);
        Assert.Equal(model.Checkpoint.TotalBytes - unused, plan.MappedBytes);
        Assert.InRange(backend.ScratchBytes, 1, CpuBackend.MostScratchBytes(4 * 192, 64, 3 * 14 * 14, backend.Threads));
    }

    [Fact]
    public void AdaptersAreForeseenToTheByte()
    {
        string model = GoldenFiles.PathOf("models", "pg1"), adapter = GoldenFiles.PathOf("training", "pg1-lora");
        MemoryPlan plan = MemoryPlan.For(model, 2, 1, 5, 3, adapters: [adapter]), plain = MemoryPlan.For(model, 2, 1, 5, 3);

        using var backend = new CpuBackend();
        using var opened = VisionLanguageModel.Open(model, backend);
        Adapter loaded = opened.LoadAdapter("own", adapter);
        RgbImage cake = ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"));
        opened.Generate([
            .. Enumerable.Range(0, 2)
                .Select(i => new GenerationRequest { PromptIds = new int[5], Images = [Shifted(cake, i)], Adapter = "own" })
        ],
            new GenerationOptions { MaxNewTokens = 3, IgnoreEndOfSequence = true });

        Assert.Equal(loaded.Parameters * sizeof(float), plan.AdapterBytes);
        Assert.Equal(0, plain.AdapterBytes);
        Assert.Equal(backend.AllocatedBytes, plan.ActivationBytes);
    }

    [Fact]
    public void AModelThatIsQuantizedAlreadyIsNotPlannedToBe()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vlmsharp-plan-");
        try
        {
            string quantized = Path.Combine(folder.FullName, "int8");
            ModelQuantizer.Write(GoldenFiles.DemoModel, quantized, DType.Int8);
            Assert.Equal(0, MemoryPlan.For(quantized, 1, 1, 1, 1).QuantizedBytes);
            Assert.Contains(
                "quantized already",
                Assert.Throws<RequestException>(() => MemoryPlan.For(quantized, 1, 1, 1, 1, quantization: DType.Int4)).Message,
                StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static RgbImage Shifted(RgbImage image, int by)
    {
        byte[] pixels = [.. image.Pixels];
        pixels[0] += (byte)(40 * by);
        for (int i = 0; i < 3000; i++) pixels[i] = (byte)(pixels[i] + 40 * by);
        return new RgbImage(image.Width, image.Height, pixels);
    }

    [Fact]
    public void APromptThatDoesNotFitIsRefused() =>
        Assert.Throws<RequestException>(() => MemoryPlan.For(GoldenFiles.DemoModel, 1, 1, 1_000_000, 1));
}
