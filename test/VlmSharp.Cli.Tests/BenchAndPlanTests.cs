using System.Text.Json;

namespace VlmSharp.Cli.Tests;

/// <summary>The memory that a run needs and the speed that it reaches: <c>inspect --plan</c> and <c>bench</c>.</summary>
public sealed class BenchAndPlanTests
{
    [Fact]
    public async Task Inspect_plans_the_memory_of_a_run()
    {
        Run.Outcome run = await Run.Vlmsharp("", "inspect", "--plan");
        foreach (string part in new[] { "weights", "KV cache", "activations", "total", "machine" })
            Assert.Contains(part, run.Output, StringComparison.Ordinal);
        using JsonDocument one = JsonDocument.Parse((await Run.Vlmsharp("", "inspect", "--plan", "--json")).Output);
        using JsonDocument four = JsonDocument.Parse((await Run.Vlmsharp("", "inspect", "--plan", "--json", "--requests", "4")).Output);
        Assert.Equal(
            4 * one.RootElement.GetProperty("kv_cache_bytes").GetInt64(), four.RootElement.GetProperty("kv_cache_bytes").GetInt64());
        Assert.Equal(one.RootElement.GetProperty("mapped_bytes").GetInt64(), four.RootElement.GetProperty("mapped_bytes").GetInt64());
        Assert.Equal(2, (await Run.Vlmsharp("", "inspect", "--plan", "--requests", "0")).Code);
        Assert.Equal(5, (await Run.Vlmsharp("", "inspect", "--plan", "--text-tokens", "100000")).Code);
        using JsonDocument beams = JsonDocument.Parse((await Run.Vlmsharp("", "inspect", "--plan", "--json", "--beams", "4")).Output);
        Assert.Equal(
            4 * one.RootElement.GetProperty("kv_cache_bytes").GetInt64(), beams.RootElement.GetProperty("kv_cache_bytes").GetInt64());
        Assert.Equal(5, (await Run.Vlmsharp("", "inspect", "--plan", "--beams", "1000")).Code);
    }

    [Fact]
    public async Task Inspect_plans_the_memory_of_a_model_that_is_quantized_while_it_is_loaded()
    {
        Assert.Contains(
            "made as int4", (await Run.Vlmsharp("", "inspect", "--plan", "--quantize", "int4")).Output, StringComparison.Ordinal);
        JsonElement plain = await Plan(), eight = await Plan("--quantize", "int8"), four = await Plan("--quantize", "int4");
        Assert.Equal(0, Bytes(plain, "quantized_bytes"));
        Assert.InRange(Bytes(four, "quantized_bytes"), 1, Bytes(eight, "quantized_bytes") - 1);
        Assert.Equal(Bytes(four, "mapped_bytes"), Bytes(eight, "mapped_bytes")); // the vision tower and the norms as stored
        Assert.InRange(Bytes(eight, "mapped_bytes"), 1, Bytes(plain, "mapped_bytes") - Bytes(eight, "quantized_bytes"));
        Assert.Equal(Bytes(plain, "resident_bytes") + Bytes(eight, "quantized_bytes"), Bytes(eight, "resident_bytes"));
        Assert.Equal(2, (await Run.Vlmsharp("", "inspect", "--plan", "--quantize", "int3")).Code);

        static long Bytes(JsonElement plan, string name) => plan.GetProperty(name).GetInt64();
        static async Task<JsonElement> Plan(params string[] options) =>
            JsonElement.Parse((await Run.Vlmsharp("", ["inspect", "--plan", "--json", .. options])).Output);
    }

    [Fact]
    public async Task Inspect_plans_the_memory_of_a_device()
    {
        JsonElement host = await Plan(),
            wide = await Plan("--backend", "cuda", "--kv-cache", "f32"),
            narrow = await Plan("--backend", "cuda");
        Assert.Equal(("bf16", "f32"), (narrow.GetProperty("kv_cache_format").GetString(), wide.GetProperty("kv_cache_format").GetString()));
        Assert.Equal("f32", (await Plan("--backend", "opencl")).GetProperty("kv_cache_format").GetString());
        Assert.Equal(Bytes(host, "kv_cache_bytes"), Bytes(wide, "kv_cache_bytes"));
        Assert.Equal(Bytes(host, "kv_cache_bytes"), 2 * Bytes(narrow, "kv_cache_bytes"));
        Assert.Equal(Bytes(host, "mapped_bytes"), Bytes(narrow, "weight_bytes"));
        string[] there = ["weight_bytes", "quantized_bytes", "kv_cache_bytes", "activation_bytes", "image_token_cache_bytes"];
        Assert.Equal(there.Sum(name => Bytes(narrow, name)), Bytes(narrow, "device_bytes"));
        Assert.True(narrow.TryGetProperty("no_device", out _) ^ narrow.TryGetProperty("device_memory_bytes", out _));
        string text = (await Run.Vlmsharp("", "inspect", "--plan", "--backend", "cuda", "--quantize", "int8")).Output;
        foreach (string part in new[] { "device", "weights", "made as int8", "in bf16", "host" })
            Assert.Contains(part, text, StringComparison.Ordinal);

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
        foreach (JsonElement stage in stages[1..]) // with a single run, the share follows from the times shown
            Assert.Equal(
                stage.GetProperty("floor_seconds").GetDouble() / stage.GetProperty("seconds").GetDouble(),
                stage.GetProperty("share_of_limit").GetDouble(),
                0.02);
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
        Assert.Equal(work[0], more[0]); // the weights are read once for all requests
        Assert.Equal(5 * work[1], more[1], 0.3);
        Assert.Equal(5, Numbers(together, "rate")[0] * together.GetProperty("seconds").GetDouble(), 0.2); // tokens generated in a step
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
            [
                .. stage.GetProperty(name)
                    .GetString()!.Split(' ')
                    .Where(w => char.IsAsciiDigit(w[0]))
                    .Select(w => double.Parse(w, System.Globalization.CultureInfo.InvariantCulture))
            ];
    }

    [Fact]
    public async Task Bench_of_a_list_has_an_object_for_each_backend()
    {
        string[] bench = ["bench", "--max-new-tokens", "2", "--repeat", "1"];
        JsonElement alone = JsonElement.Parse((await Run.Vlmsharp("", [.. bench, "--json"])).Output);
        JsonElement list = JsonElement.Parse((await Run.Vlmsharp("", [.. bench, "--json", "--backend", "reference,cpu"])).Output);
        Assert.Equal(["runs"], list.EnumerateObject().Select(member => member.Name));
        JsonElement[] runs = [.. list.GetProperty("runs").EnumerateArray()];
        Assert.Equal(["reference", "cpu"], runs.Select(run => run.GetProperty("backend").GetString()!.Split(':')[0]));
        foreach (JsonElement run in runs)
        {
            Assert.Equal(alone.EnumerateObject().Select(member => member.Name), run.EnumerateObject().Select(member => member.Name));
            Assert.Equal(Names(alone), Names(run));
        }

        static IEnumerable<string?> Names(JsonElement run) =>
            run.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("stage").GetString());
    }

    [Fact]
    public async Task Bench_of_a_list_is_one_table_and_one_chart()
    {
        string chart = Path.Combine(Path.GetTempPath(), $"vlmsharp-{Guid.NewGuid():N}.svg");
        try
        {
            Run.Outcome run = await Run.Vlmsharp("", "bench", "-n", "2", "-r", "1", "--backend", "cpu,reference", "--svg", chart);
            Assert.Equal(0, run.Code);
            string row = Assert.Single(run.Lines, line => line.Contains("vision", StringComparison.Ordinal));
            Assert.Equal((4, 2), (row.Split(" ms ").Length - 1, row.Split("floor ").Length - 1)); // each has a time and a floor
            var svg = System.Xml.Linq.XDocument.Load(chart);
            string[] texts = [.. svg.Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value)];
            Assert.Equal(4, texts.Count(text => text == "reference"));
            Assert.Equal(6, texts.Count(text => text.EndsWith(" of the limit", StringComparison.Ordinal)));
            double[] widths = [.. svg.Descendants().Where(e => e.Name.LocalName == "rect").Select(e => (double)e.Attribute("width")!)];
            Assert.Equal(4, widths.Count(width => width == 470)); // the slowest bar of each stage
        }
        finally
        {
            File.Delete(chart);
        }
    }
}
