using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary><c>vlmsharp devices</c>, and the error for a missing device.</summary>
public sealed class DevicesCommandTests
{
    private static readonly string Cake = Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png");

    [Fact]
    public async Task Json_lists_the_backends_and_every_device_and_driver()
    {
        JsonElement json = await DevicesAsync();
        JsonElement[] devices = [.. json.GetProperty("devices").EnumerateArray()];
        Assert.Equal(["cpu", "reference"], devices.Take(2).Select(Backend));
        Assert.Equal(Environment.ProcessorCount, devices[0].GetProperty("threads").GetInt32());
        Assert.Contains(devices[0].GetProperty("vector_bits").GetInt32(), new[] { 128, 256, 512 });
        Assert.Equal(Enumerable.Range(0, devices.Length - 2), devices.Skip(2).Select(device => device.GetProperty("device").GetInt32()));
        JsonElement[] drivers = [.. json.GetProperty("drivers").EnumerateArray()];
        Assert.Equal(["cuda", "opencl"], drivers.Select(Backend));
        foreach (JsonElement driver in drivers)
        {
            bool found = driver.GetProperty("found").GetBoolean();
            Assert.Equal(found, devices.Any(device => Backend(device) == Backend(driver)));
            Assert.Equal(found, !driver.TryGetProperty("reason", out _));
        }
    }

    [Fact]
    public async Task Text_says_the_same()
    {
        JsonElement json = await DevicesAsync();
        Run.Outcome run = await Run.Vlmsharp("", "devices");
        Assert.Equal(0, run.Code);
        foreach (JsonElement device in json.GetProperty("devices").EnumerateArray())
            Assert.Contains(run.Lines, line => line.Contains($" {Backend(device)} ", StringComparison.Ordinal));
        foreach (JsonElement driver in json.GetProperty("drivers").EnumerateArray())
            if (driver.TryGetProperty("reason", out JsonElement reason))
                Assert.Contains($"{Backend(driver)}: {reason.GetString()}", run.Lines);
    }

    [Theory, InlineData("cuda"), InlineData("opencl")]
    public async Task A_backend_without_a_device_is_refused_with_the_reason(string backend)
    {
        JsonElement driver = (await DevicesAsync()).GetProperty("drivers").EnumerateArray().Single(driver => Backend(driver) == backend);
        if (!driver.TryGetProperty("reason", out JsonElement reason)) return; // this machine has the driver
        Run.Outcome run = await Run.Vlmsharp("", "caption", Cake, "--backend", backend);
        Assert.Equal((5, ""), (run.Code, run.Output));
        Assert.EndsWith($"device: {reason.GetString()}\n", run.Error, StringComparison.Ordinal);
    }

    private static string Backend(JsonElement o) => o.GetProperty("backend").GetString()!;

    private static async Task<JsonElement> DevicesAsync()
    {
        Run.Outcome run = await Run.Vlmsharp("", "devices", "--json");
        Assert.Equal(0, run.Code);
        return JsonElement.Parse(run.Output);
    }
}
