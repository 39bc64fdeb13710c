using System.Text.Json;

namespace VlmSharp.Cli.Tests;

/// <summary>What a run needs and what it reaches: <c>inspect --plan</c> and <c>bench</c>.</summary>
public sealed class BenchAndPlanTests
{
    [Fact]
    public async Task Inspect_plans_the_memory_of_a_run()
    {
        Run.Outcome run = await Run.Vlmsharp("", "inspect", "--plan");
        foreach (string part in new[] { "weights", "KV cache", "activations", "total", "machine" }) Assert.Contains(part, run.Output, StringComparison.Ordinal);
        using JsonDocument one = JsonDocument.Parse((await Run.Vlmsharp("", "inspect", "--plan", "--json")).Output);
        using JsonDocument four = JsonDocument.Parse((await Run.Vlmsharp("", "inspect", "--plan", "--json", "--requests", "4")).Output);
        Assert.Equal(4 * one.RootElement.GetProperty("kv_cache_bytes").GetInt64(), four.RootElement.GetProperty("kv_cache_bytes").GetInt64());
        Assert.Equal(one.RootElement.GetProperty("mapped_bytes").GetInt64(), four.RootElement.GetProperty("mapped_bytes").GetInt64());
        Assert.Equal(2, (await Run.Vlmsharp("", "inspect", "--plan", "--requests", "0")).Code);
        Assert.Equal(5, (await Run.Vlmsharp("", "inspect", "--plan", "--text-tokens", "100000")).Code);
        using JsonDocument beams = JsonDocument.Parse((await Run.Vlmsharp("", "inspect", "--plan", "--json", "--beams", "4")).Output);
        Assert.Equal(4 * one.RootElement.GetProperty("kv_cache_bytes").GetInt64(), beams.RootElement.GetProperty("kv_cache_bytes").GetInt64());
        Assert.Equal(5, (await Run.Vlmsharp("", "inspect", "--plan", "--beams", "1000")).Code);
    }

    [Fact]
    public async Task Inspect_plans_the_memory_of_a_model_that_is_quantized_while_it_is_loaded()
    {
        Assert.Contains("made as int4", (await Run.Vlmsharp("", "inspect", "--plan", "--quantize", "int4")).Output, StringComparison.Ordinal);
        JsonElement plain = await Plan(), eight = await Plan("--quantize", "int8"), four = await Plan("--quantize", "int4");
        Assert.Equal(0, Bytes(plain, "quantized_bytes"));
        Assert.InRange(Bytes(four, "quantized_bytes"), 1, Bytes(eight, "quantized_bytes") - 1);
        Assert.Equal(Bytes(four, "mapped_bytes"), Bytes(eight, "mapped_bytes")); // the vision tower and the norms, as they are stored
        Assert.InRange(Bytes(eight, "mapped_bytes"), 1, Bytes(plain, "mapped_bytes") - Bytes(eight, "quantized_bytes"));
        Assert.Equal(Bytes(plain, "resident_bytes") + Bytes(eight, "quantized_bytes"), Bytes(eight, "resident_bytes"));
        Assert.Equal(2, (await Run.Vlmsharp("", "inspect", "--plan", "--quantize", "int3")).Code);

        static long Bytes(JsonElement plan, string name) => plan.GetProperty(name).GetInt64();
        static async Task<JsonElement> Plan(params string[] options) =>
            JsonElement.Parse((await Run.Vlmsharp("", ["inspect", "--plan", "--json", .. options])).Output);
    }

    [Fact]
    public async Task Bench_measures_the_machine_and_every_stage()
    {
        Run.Outcome run = await Run.Vlmsharp("", "bench", "--max-new-tokens", "3", "--repeat", "1", "--json");
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.True(json.RootElement.GetProperty("read_gb_per_s").GetDouble() > 0.1);
        Assert.True(json.RootElement.GetProperty("fma_gflop_per_s").GetDouble() > 0.1);
        double[] range = [.. json.RootElement.GetProperty("read_gb_per_s_range").EnumerateArray().Select(v => v.GetDouble())];
        Assert.Equal(2, range.Length);
        Assert.InRange(json.RootElement.GetProperty("read_gb_per_s").GetDouble(), range[0], range[1]);
        JsonElement[] stages = [.. json.RootElement.GetProperty("stages").EnumerateArray()];
        Assert.Equal(["load", "vision", "prefill", "decode, a token"], stages.Select(s => s.GetProperty("stage").GetString()));
        foreach (JsonElement stage in stages[1..]) // of a single run, the share is that of the times shown
            Assert.Equal(stage.GetProperty("floor_seconds").GetDouble() / stage.GetProperty("seconds").GetDouble(), stage.GetProperty("share_of_limit").GetDouble(), 0.02);
    }

    [Fact]
    public async Task Bench_decodes_several_requests_together()
    {
        string[] bench = ["bench", "--max-new-tokens", "3", "--repeat", "1"];
        using JsonDocument one = JsonDocument.Parse((await Run.Vlmsharp("", [.. bench, "--json"])).Output);
        using JsonDocument five = JsonDocument.Parse((await Run.Vlmsharp("", [.. bench, "--json", "--batch", "5"])).Output);
        JsonElement alone = Decode(one), together = Decode(five);
        Assert.Equal("decode, a token of each of 5", together.GetProperty("stage").GetString());
        double[] work = Numbers(alone), more = Numbers(together);
        Assert.Equal(work[0], more[0]); // the weights are read once
        Assert.Equal(5 * work[1], more[1], 0.3);
        Assert.Equal(5, Numbers(together, "rate")[0] * together.GetProperty("seconds").GetDouble(), 0.2); // tokens a step
        string table = (await Run.Vlmsharp("", [.. bench, "-b", "2"])).Output;
        Assert.Contains("decode, a token of each of 2", table, StringComparison.Ordinal);
        Assert.Contains("measured beside each stage", table, StringComparison.Ordinal);
        foreach (string wrong in new[] { "0", "257" })
        {
            Run.Outcome run = await Run.Vlmsharp("", [.. bench, "--batch", wrong]);
            Assert.Equal(2, run.Code);
            Assert.Contains($"--batch {wrong}", run.Error, StringComparison.Ordinal);
        }

        static JsonElement Decode(JsonDocument json) => json.RootElement.GetProperty("stages")[3];
        static double[] Numbers(JsonElement stage, string name = "work") =>
            [.. stage.GetProperty(name).GetString()!.Split(' ').Where(w => char.IsAsciiDigit(w[0])).Select(w => double.Parse(w, System.Globalization.CultureInfo.InvariantCulture))];
    }
}
