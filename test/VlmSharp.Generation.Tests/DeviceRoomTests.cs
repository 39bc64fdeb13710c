using VlmSharp.Adapters;
using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Generation;
using VlmSharp.Models;
using VlmSharp.Quantization;

namespace VlmSharp.Generation.Tests;

/// <summary>
/// A model that does not fit a device's memory is refused before anything is copied. The error names a setting that would fit.
/// </summary>
public sealed class DeviceRoomTests
{
    [Fact]
    public void A_model_that_fits_is_loaded()
    {
        using var device = new Device(long.MaxValue);
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.DemoModel, device);
        Assert.True(device.Loaded > 0);
    }

    [Theory, InlineData(DType.Int8), InlineData(DType.Int4)]
    public void The_error_names_the_quantization_that_would_fit(DType fits)
    {
        long whole = Needed(null), quantized = Needed(fits);
        Assert.True(quantized < whole);
        string message = Refused(quantized, null);
        Assert.Contains($"--quantize {fits.ToString().ToLowerInvariant()}", message, StringComparison.Ordinal);
        using var device = new Device(quantized);
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.DemoModel, device, new ModelOptions { Quantization = fits });
    }

    [Fact]
    public void If_nothing_fits_the_error_says_so() =>
        Assert.Contains("no setting makes it fit", Refused(1000, null), StringComparison.Ordinal);

    [Fact]
    public void Adapters_are_counted_beside_the_model()
    {
        string folder = GoldenFiles.PathOf("models", "pg1"), adapter = GoldenFiles.PathOf("training", "pg1-lora");
        long bytes, held = Needed(null, folder);
        using (AdapterFile file = AdapterFile.Open(adapter)) bytes = file.Parameters * sizeof(float);
        using var device = new Device(held + 2 * bytes - 1);
        using VisionLanguageModel model = VisionLanguageModel.Open(folder, device);
        model.LoadAdapter("first", adapter);
        int loaded = device.Loaded;
        Assert.Contains(
            "pg1-lora", Assert.Throws<DeviceMemoryException>(() => model.LoadAdapter("second", adapter)).Message, StringComparison.Ordinal);
        Assert.Equal((loaded, 1), (device.Loaded, model.Adapters.Count));
    }

    /// <summary>Half of what the weights leave, in the formats in which they are held and not in those of the files.</summary>
    [Fact]
    public void Quantized_weights_leave_more_room_for_caches()
    {
        const long Memory = 4L << 30;
        using var device = new Device(Memory);
        using var plain = VisionLanguageModel.Open(GoldenFiles.DemoModel, device);
        using var quantized = VisionLanguageModel.Open(
            GoldenFiles.DemoModel, device, new ModelOptions { Quantization = DType.Int4 });
        (long replaced, long made) = QuantizationPlan.Bytes(plain.Checkpoint, DType.Int4);
        Assert.True(made < replaced);
        Assert.Equal((Memory - plain.Checkpoint.TotalBytes) / 2, plain.Engine.MaxKvCacheBytes);
        Assert.Equal((Memory - plain.Checkpoint.TotalBytes + replaced - made) / 2, quantized.Engine.MaxKvCacheBytes);
    }

    /// <summary>The least memory that is enough, found by search.</summary>
    private static long Needed(DType? quantization, string? folder = null)
    {
        long low = 0, high = 1L << 32;
        while (high - low > 1)
        {
            long middle = (low + high) / 2;
            if (Fits(middle, quantization, folder ?? GoldenFiles.DemoModel)) high = middle;
            else low = middle;
        }

        return high;
    }

    private static bool Fits(long room, DType? quantization, string folder)
    {
        using var device = new Device(room);
        try
        {
            VisionLanguageModel.Open(folder, device, new ModelOptions { Quantization = quantization }).Dispose();
            return true;
        }
        catch (DeviceMemoryException)
        {
            Assert.Equal(0, device.Loaded);
            return false;
        }
    }

    private static string Refused(long room, DType? quantization)
    {
        using var device = new Device(room);
        var options = new ModelOptions { Quantization = quantization };
        return Assert.Throws<DeviceMemoryException>(() => VisionLanguageModel.Open(GoldenFiles.DemoModel, device, options)).Message;
    }

    /// <summary>A device with a given amount of memory, simulated in host memory.</summary>
    private sealed class Device(long memory) : DelegatingBackend(new ReferenceBackend())
    {
        public int Loaded { get; private set; }

        public override bool CopiesWeights => true;

        public override long MemoryBytes => memory;

        public override Weight LoadWeight(in WeightData data)
        {
            Loaded++;
            return base.LoadWeight(new WeightData(data.Name, data.DType, data.Rows, data.Columns, data.Data, data.Owner, data.Scales));
        }
    }
}
