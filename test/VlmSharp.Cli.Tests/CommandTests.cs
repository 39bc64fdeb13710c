using System.Diagnostics;
using System.Text.Json;
using System.Xml.Linq;
using VlmSharp.Cli.Output;
using VlmSharp.Conformance;
using VlmSharp.Generation;

namespace VlmSharp.Cli.Tests;

/// <summary>Each command as a user or a tool calls it.</summary>
public sealed class CommandTests : IDisposable
{
    private static readonly string Samples = Path.Combine(GoldenFiles.Root, "demo", "samples");
    private readonly string scratch = Directory.CreateTempSubdirectory("vlmsharp-cli-").FullName;

    public void Dispose() => Directory.Delete(scratch, recursive: true);

    [Fact]
    public async Task Caption_answers_with_the_demo_model_and_sums_up_on_standard_error()
    {
        Run.Outcome run = await Run.Vlmsharp("", "caption", Sample("cake.png"));
        Assert.Equal((0, "a cake\n"), (run.Code, run.Output));
        foreach (string part in new[] { "load ", "vision ", "prefill ", "decode ", "tokens/s", "cpu: " })
            Assert.Contains(part, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Caption_takes_a_list_of_files_and_continues_after_a_bad_one()
    {
        string missing = Path.Combine(scratch, "missing.png");
        Run.Outcome run = await Run.Vlmsharp($"{Sample("cake.png")}\n{missing}\n\n{Sample("sun.png")}\n", "caption", "-q", "-");
        Assert.Equal(4, run.Code);
        Assert.Equal([$"{Sample("cake.png")}: a cake", $"{Sample("sun.png")}: two suns"], run.Lines);
        Assert.Contains(missing, run.Error, StringComparison.Ordinal);

        run = await Run.Vlmsharp("", "caption", "-q", "--json", Sample("cake.png"), missing);
        using JsonDocument bad = JsonDocument.Parse(run.Lines[1]);
        Assert.Contains(missing, bad.RootElement.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_json_one_bad_picture_is_an_object_too()
    {
        Run.Outcome run = await Run.Vlmsharp("", "caption", "--json", Path.Combine(scratch, "missing.png"));
        Assert.Equal(4, run.Code);
        Assert.Contains("missing.png does not exist", run.Error, StringComparison.Ordinal);
        JsonElement error = JsonDocument.Parse(run.Output).RootElement.GetProperty("error");
        Assert.Equal("invalid_image", error.GetProperty("type").GetString());
        Assert.Contains("missing.png does not exist", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_answers_a_question()
    {
        Run.Outcome run = await Run.Vlmsharp("", "ask", "-q", Sample("car-key.png"), "what is below the car?");
        Assert.Equal((0, "a key\n", ""), (run.Code, run.Output, run.Error));
    }

    [Theory, InlineData("cpu"), InlineData("reference")]
    public async Task Generate_prints_one_json_object(string backend)
    {
        Run.Outcome run =
            await Run.Vlmsharp("", "generate", "--image", Sample("cake.png"), "--prompt", "detect cake", "--json", "--backend", backend);
        using JsonDocument json = JsonDocument.Parse(run.Output);
        JsonElement o = json.RootElement;
        Assert.Equal([1201, 1228, 1575, 1484, 695, 1], GoldenCase.Ints(o.GetProperty("token_ids")));
        Assert.Equal(6, o.GetProperty("logprobs").GetArrayLength());
        Assert.All(o.GetProperty("logprobs").EnumerateArray(), p => Assert.InRange(p.GetDouble(), -20, 0));
        Assert.Equal("<loc0201><loc0228><loc0575><loc0484> cake", o.GetProperty("text").GetString());
        Assert.Equal("stop", o.GetProperty("finish_reason").GetString());
        Assert.True(o.GetProperty("prompt_tokens").GetInt32() > 64);
        Assert.True(o.GetProperty("timings").GetProperty("prefill_s").GetDouble() > 0);
    }

    [Fact]
    public async Task Generate_takes_token_ids_without_a_tokenizer()
    {
        string model = Path.Combine(scratch, "bare");
        Directory.CreateDirectory(model);
        foreach (string file in new[] { "config.json", "model.safetensors" })
            File.Copy(Path.Combine(GoldenFiles.DemoModel, file), Path.Combine(model, file));
        Run.Outcome tokens = await Run.Vlmsharp("\"\\u003cbos\\u003ecaption en\\n\"", "tokenize", "--raw");
        string ids = tokens.Output.Trim().Trim('[', ']');
        Assert.StartsWith("2,", ids, StringComparison.Ordinal);
        Run.Outcome run = await Run.Vlmsharp(
            "", "generate", "--model", model, "--image", Sample("cake.png"), "--prompt-ids", ids, "--max-new-tokens", "2", "--json");
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.Equal([907, 695], GoldenCase.Ints(json.RootElement.GetProperty("token_ids")));
        Assert.Equal("length", json.RootElement.GetProperty("finish_reason").GetString());
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("text").ValueKind);

        run = await Run.Vlmsharp("", "generate", "--model", model, "--image", Sample("cake.png"), "--prompt", "caption en");
        Assert.Equal(5, run.Code);
        Assert.Contains("tokenizer", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokenize_gives_the_reference_ids_and_texts_line_by_line()
    {
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("tokenizer", "cases.json")));
        JsonElement[] encode = [.. cases.RootElement.GetProperty("encode").EnumerateArray().Take(300)];
        JsonElement[] decode = [.. cases.RootElement.GetProperty("decode").EnumerateArray()];
        string model = GoldenFiles.PathOf("models", "pg1");
        Run.Outcome run = await Run.Vlmsharp(
            string.Join('\n', encode.Select(c => c.GetProperty("text").GetRawText())), "tokenize", "--model", model, "--raw");
        Assert.Equal(
            [.. encode.Select(c => string.Join(',', GoldenCase.Ints(c.GetProperty("ids"))))], run.Lines.Select(l => l.Trim('[', ']')));
        run = await Run.Vlmsharp(
            string.Join('\n', decode.Select(c => JsonSerializer.Serialize(GoldenCase.Ints(c.GetProperty("ids"))))), "tokenize", "--model",
            model, "--decode");
        Assert.Equal(
            [.. decode.Select(c => c.GetProperty("text").GetString())],
            run.Lines.Select(l => JsonDocument.Parse(l).RootElement.GetString()));
    }

    [Fact]
    public async Task Tokenize_gives_the_whole_prompt_without_raw()
    {
        Run.Outcome run = await Run.Vlmsharp("\"caption en\"\n", "tokenize", "--model", GoldenFiles.PathOf("models", "pg1"));
        using var golden = new GoldenTensors(GoldenFiles.PathOf("activations", "pg1-caption.safetensors"));
        Assert.Equal($"[{string.Join(',', golden.Ints("input_ids"))}]", run.Output.Trim());
    }

    [Fact]
    public async Task Trace_writes_every_stage_under_the_documented_names()
    {
        string target = Path.Combine(scratch, "trace.safetensors");
        Run.Outcome run = await Run.Vlmsharp(
            "", "trace", "--model", GoldenFiles.PathOf("models", "pg1"), "--image", GoldenFiles.PathOf("images", "photo_chelsea.png"),
            "--prompt", "caption en", "--max-new-tokens", "24", "--out", target);
        Assert.Equal((0, ""), (run.Code, run.Output));
        using var golden = new GoldenTensors(GoldenFiles.PathOf("activations", "pg1-caption.safetensors"));
        using var actual = new GoldenTensors(target);
        foreach (string name in golden.Names.Where(n => !n.StartsWith("beam4", StringComparison.Ordinal)))
        {
            Assert.True(actual.Has(name), $"{name} is missing");
            Assert.Equal(golden.Shape(name), actual.Shape(name));
        }

        Assert.Equal(golden.Ints("input_ids"), actual.Ints("input_ids"));
        Assert.Equal(golden.Ints("tokens"), actual.Ints("tokens"));
    }

    [Theory, InlineData("cpu"), InlineData("reference")]
    public async Task Explain_writes_one_page_and_prints_its_path(string backend)
    {
        string target = Path.Combine(scratch, "page.html");
        Run.Outcome run = await Run.Vlmsharp(
            "", "explain", Sample("car-key.png"), "answer en what is below the car?", "--out", target, "--backend", backend);
        Assert.Equal((0, target + "\n"), (run.Code, run.Output));
        Assert.Contains("74 + 3 tokens", run.Error, StringComparison.Ordinal);
        Assert.Contains($"{backend}: ", run.Error, StringComparison.Ordinal);
        XDocument page = XDocument.Load(target, LoadOptions.PreserveWhitespace);
        string title = page.Descendants().Single(e => e.Name.LocalName == "h1").Value;
        Assert.Equal("answer en what is below the car? → a key", title.ReplaceLineEndings(" "));
        Assert.Equal(3, page.Descendants().Count(e => e.Name.LocalName == "article"));

        run = await Run.Vlmsharp(
            "", "explain", "-q", Sample("car-key.png"), "answer en what is below the car?", "--out", "-", "--backend", backend);
        Assert.Equal((0, "", await File.ReadAllTextAsync(target)), (run.Code, run.Error, run.Output)); // the same page, byte for byte
    }

    [Theory]
    [InlineData("ask what is below the car?", "answer en what is below the car?")]
    [InlineData("caption", "caption en")]
    [InlineData("caption de", "caption de")]
    [InlineData("detect car;key", "detect car ; key")]
    [InlineData("segment key", "segment key")]
    [InlineData("asking", "asking")]
    [InlineData("answer de was?", "answer de was?")]
    public async Task Explain_makes_the_prompt_from_the_words_of_a_command(string words, string prompt)
    {
        Run.Outcome run = await Run.Vlmsharp("", "explain", "-q", Sample("car-key.png"), words, "--out", "-", "-n", "1");
        Assert.StartsWith(
            prompt + "→", XDocument.Parse(run.Output).Descendants().Single(e => e.Name.LocalName == "h1").Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_shows_architecture_totals_and_every_tensor()
    {
        Run.Outcome run = await Run.Vlmsharp("", "inspect", "--model", GoldenFiles.PathOf("models", "pg1-new-names"), "--tensors");
        Assert.Equal(0, run.Code);
        Assert.Contains("4 query heads over 1 key-value heads of 32", run.Output, StringComparison.Ordinal);
        Assert.Contains("language_model.model.embed_tokens.weight", run.Output, StringComparison.Ordinal);
        Assert.Contains("model.language_model.embed_tokens.weight", run.Output, StringComparison.Ordinal); // as stored
        run = await Run.Vlmsharp("", "inspect", "--json", "--tensors");
        using JsonDocument json = JsonDocument.Parse(run.Output);
        JsonElement o = json.RootElement;
        long elements = o.GetProperty("tensors")
            .EnumerateArray()
            .Sum(t => t.GetProperty("shape").EnumerateArray().Aggregate(1L, (n, d) => n * d.GetInt64()));
        Assert.Equal(elements, o.GetProperty("parameters").GetProperty("total").GetInt64());
    }

    [Fact]
    public async Task Beams_and_candidates_show_in_json()
    {
        string[] generate = ["generate", "--image", Sample("cake.png"), "--prompt", "caption en", "--json", "--quiet"];
        using JsonDocument plain = JsonDocument.Parse((await Run.Vlmsharp("", generate)).Output);
        using JsonDocument beams = JsonDocument.Parse((await Run.Vlmsharp("", [.. generate, "--beams", "3", "--logprobs", "2"])).Output);
        foreach (string name in new[] { "score", "seed", "top_logprobs" }) Assert.False(plain.RootElement.TryGetProperty(name, out _));
        JsonElement o = beams.RootElement;
        int[] tokens = GoldenCase.Ints(o.GetProperty("token_ids"));
        Assert.Equal(GoldenCase.Ints(plain.RootElement.GetProperty("token_ids")), tokens);
        Assert.Equal(o.GetProperty("logprobs").EnumerateArray().Average(p => p.GetDouble()), o.GetProperty("score").GetDouble(), 1e-5);
        JsonElement[] steps = [.. o.GetProperty("top_logprobs").EnumerateArray()];
        Assert.Equal(tokens.Length, steps.Length);
        for (int i = 0; i < steps.Length; i++)
        {
            Assert.Equal(2, steps[i].GetArrayLength());
            Assert.Equal(tokens[i], steps[i][0].GetProperty("token_id").GetInt32());
            Assert.Equal(o.GetProperty("logprobs")[i].GetDouble(), steps[i][0].GetProperty("logprob").GetDouble());
        }
    }

    [Fact]
    public void A_number_that_is_not_finite_is_null_in_json()
    {
        var result = new GenerationResult([5, 6], [float.NegativeInfinity, -1], null, FinishReason.Length, 3)
        {
            Score = float.NaN,
            TopLogProbabilities = [[new TokenCandidate(5, float.NaN)], []],
        };
        string json = JsonOutput.ToText(o =>
        {
            o.WriteStartObject();
            o.WriteResult(result);
            o.WriteEndObject();
        });
        Assert.Equal(
            """{"token_ids":[5,6],"logprobs":[null,-1],"top_logprobs":[[{"token_id":5,"logprob":null}],"""
                + """[]],"text":null,"finish_reason":"length","prompt_tokens":3,"score":null}""",
            json);
    }

    [Fact]
    public async Task A_seed_repeats_a_sample_and_is_reported()
    {
        string[] caption =
        [
            "caption", Sample("cake.png"), "--temperature", "2.5", "--top-k", "0", "--top-p", "0.99", "--min-p", "1e-9", "--ignore-eos",
            "-n", "20"
        ];
        Run.Outcome first = await Run.Vlmsharp("", caption);
        string seed = first.Error.TrimEnd()[(first.Error.LastIndexOf("seed ", StringComparison.Ordinal) + 5)..];
        Run.Outcome again = await Run.Vlmsharp("", [.. caption, "--seed", seed]),
            other = await Run.Vlmsharp("", [.. caption, "--seed", "-17", "--json"]);
        Assert.Equal(first.Output, again.Output);
        using JsonDocument json = JsonDocument.Parse(other.Output);
        Assert.Equal(-17, json.RootElement.GetProperty("seed").GetInt64());
        // 20 tokens drawn at this temperature never repeat
        Assert.NotEqual(first.Output.TrimEnd(), json.RootElement.GetProperty("text").GetString());
    }

    [Fact]
    public async Task Stop_texts_cut_the_answer()
    {
        Run.Outcome run =
            await Run.Vlmsharp("", "ask", "-q", Sample("car-key.png"), "what is below the car?", "--stop", "zebra", "--stop", " k");
        Assert.Equal((0, "a\n"), (run.Code, run.Output));
        run = await Run.Vlmsharp("", "ask", "-q", Sample("car-key.png"), "what is below the car?", "--stop", " k", "--beams", "2");
        Assert.Equal((0, "a\n"), (run.Code, run.Output));
    }

    [Fact]
    public async Task Penalties_and_lengths_reach_the_model()
    {
        string[] generate = ["generate", "--image", Sample("cake.png"), "--prompt", "caption en", "--json", "-q"];
        int[] greedy = await Tokens();
        Assert.Equal([907, 695, 1], greedy);
        Assert.Equal(7, (await Tokens("--min-new-tokens", "7", "--max-new-tokens", "7")).Length);
        int[] once = await Tokens("--no-repeat-ngram-size", "1", "--ignore-eos", "-n", "12");
        Assert.Equal(once.Length, once.Distinct().Count());
        int[] penalized = await Tokens("--ignore-eos", "-n", "12", "--repetition-penalty", "3"),
            not = await Tokens("--ignore-eos", "-n", "12");
        Assert.NotEqual(not, penalized);
        int[] late = await Tokens("--beams", "4", "--length-penalty", "8"), early = await Tokens("--beams", "4", "--length-penalty", "-8");
        Assert.True(late.Length > early.Length);

        async Task<int[]> Tokens(params string[] options)
        {
            using JsonDocument json = JsonDocument.Parse((await Run.Vlmsharp("", [.. generate, .. options])).Output);
            return GoldenCase.Ints(json.RootElement.GetProperty("token_ids"));
        }
    }

    /// <summary>Commands of a script that share an output file append to it one after the other.</summary>
    [Fact]
    public async Task Commands_share_an_output_file()
    {
        if (OperatingSystem.IsWindows()) return;
        string program = Path.Combine(AppContext.BaseDirectory, "vlmsharp.dll"), target = Path.Combine(scratch, "shared.txt");
        string tokenize = $"echo '\"a\"' | dotnet '{program}' tokenize --raw";
        using Process shell = Process.Start("/bin/sh", ["-c", $"{{ echo first; {tokenize}; {tokenize}; echo last; }} > '{target}'"]);
        await shell.WaitForExitAsync();
        string[] lines = await File.ReadAllLinesAsync(target);
        Assert.Equal(4, lines.Length);
        Assert.Equal(("first", lines[1], "last"), (lines[0], lines[2], lines[3]));
        Assert.StartsWith("[", lines[1], StringComparison.Ordinal);
    }

    /// <summary>
    /// The runtime reads the processor limit of a container, or this variable instead. The backend uses that many threads.
    /// </summary>
    [Theory]
    [InlineData("1", "1 thread")]
    [InlineData("3", "3 threads")]
    public async Task Threads_are_the_processors_that_the_process_may_use(string processors, string threads)
    {
        string[] caption = [Path.Combine(AppContext.BaseDirectory, "vlmsharp.dll"), "caption", "-q", "--json", Sample("cake.png")];
        var start = new ProcessStartInfo("dotnet", caption)
        {
            RedirectStandardOutput = true,
            Environment = { ["DOTNET_PROCESSOR_COUNT"] = processors }
        };
        using Process run = Process.Start(start)!;
        using JsonDocument json = JsonDocument.Parse(await run.StandardOutput.ReadToEndAsync());
        await run.WaitForExitAsync();
        Assert.EndsWith($"vectors, {threads}", json.RootElement.GetProperty("backend").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Quantize_writes_a_model_that_answers()
    {
        string folder = Path.Combine(scratch, "quantized"), picture = Sample("cake.png");
        Run.Outcome run = await Run.Vlmsharp("", "quantize", GoldenFiles.DemoModel, folder, "--format", "int4");
        Assert.Equal((0, ""), (run.Code, run.Output));
        Assert.Contains(" GB of weights, ", run.Error, StringComparison.Ordinal);
        Assert.Matches(@"; (\d+) of the decoder's \1 matrices are quantized", run.Error);
        Assert.Equal("a cake\n", (await Run.Vlmsharp("", "caption", "-q", "--model", folder, picture)).Output);
        Assert.Equal("a cake\n", (await Run.Vlmsharp("", "caption", "-q", "--quantize", "int8", picture)).Output);
        Assert.Contains("BF16 + Int8 + Int4", (await Run.Vlmsharp("", "inspect", "--model", folder)).Output, StringComparison.Ordinal);

        Run.Outcome twice = await Run.Vlmsharp("", "caption", "--model", folder, "--quantize", "int4", picture);
        Assert.Equal(5, twice.Code);
        Assert.Contains("quantized already", twice.Error, StringComparison.Ordinal);
        Run.Outcome full = await Run.Vlmsharp("", "quantize", GoldenFiles.DemoModel, folder, "-f", "int8");
        Assert.Equal(4, full.Code);
        Assert.Contains("not empty", full.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await Run.Vlmsharp("", "quantize", GoldenFiles.DemoModel, folder)).Code);
    }

    [Fact]
    public async Task Nf4_is_written_like_bitsandbytes_and_read_back()
    {
        string folder = Path.Combine(scratch, "nf4"), picture = Sample("cake.png");
        Run.Outcome run = await Run.Vlmsharp("", "quantize", GoldenFiles.DemoModel, folder, "--format", "nf4");
        Assert.Equal((0, ""), (run.Code, run.Output));
        using (JsonDocument config = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "config.json"))))
        {
            JsonElement how = config.RootElement.GetProperty("quantization_config");
            Assert.Equal(
                ("bitsandbytes", "nf4", "bfloat16"),
                (
                    how.GetProperty("quant_method").GetString(),
                    how.GetProperty("bnb_4bit_quant_type").GetString(),
                    how.GetProperty("bnb_4bit_compute_dtype").GetString()));
            Assert.True(how.GetProperty("load_in_4bit").GetBoolean() && how.GetProperty("bnb_4bit_use_double_quant").GetBoolean());
        }

        Assert.Contains(
            "format      BF16 + Nf4, ", (await Run.Vlmsharp("", "inspect", "--model", folder)).Output, StringComparison.Ordinal);
        Assert.Contains("Nf4  [", (await Run.Vlmsharp("", "inspect", "--model", folder, "--tensors")).Output, StringComparison.Ordinal);
        string stored = (await Run.Vlmsharp("", "caption", "-q", "--model", folder, picture)).Output;
        Assert.Equal(stored, (await Run.Vlmsharp("", "caption", "-q", "--quantize", "nf4", picture)).Output);
        Assert.Equal("a cake\n", stored);
        Assert.Contains(
            "quantized already (Nf4)",
            (await Run.Vlmsharp("", "caption", "--model", folder, "--quantize", "int4", picture)).Error,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("quantize", "IN", "OUT", "--format", "int4")]
    [InlineData("caption", "-q", "--quantize", "int4", "CAKE")]
    public async Task Quantizing_keeps_to_the_threads_of_the_command_line(params string[] command)
    {
        string[] real =
        [
            .. command.Select(a =>
                a switch
                {
                    "IN" => GoldenFiles.DemoModel, "OUT" => Path.Combine(scratch, "quantized"), "CAKE" => Sample("cake.png"), _ => a
                })
        ];
        using var loops = new ParallelLoops();
        Assert.Equal(0, (await Run.Vlmsharp("", [.. real, "--threads", "1"])).Code);
        Assert.Equal(1, loops.MostThreads);
    }

    private static string Sample(string name) => Path.Combine(Samples, name);
}
