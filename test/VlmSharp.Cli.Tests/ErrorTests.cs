using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary>What a user sees after a mistake: one sentence and the documented exit code.</summary>
public sealed class ErrorTests
{
    private static readonly string Cake = Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png");

    [Theory]
    [InlineData(2, "--bogus", "caption", "--bogus", "x.png")]
    [InlineData(2, "missing", "caption")]
    [InlineData(2, "--threads 0", "caption", "--threads", "0", "x.png")]
    [InlineData(5, "There is no device 99: ", "caption", "--backend", "cuda", "--device", "99", "x.png")]
    [InlineData(5, "There is no device 99: ", "bench", "--backend", "opencl", "--device", "99")]
    [InlineData(2, "--device 'x': give a whole number", "caption", "--backend", "cuda", "--device", "x", "x.png")]
    [InlineData(2, "--device is for --backend cuda or opencl", "caption", "CAKE", "--device", "0")]
    [InlineData(2, "--kv-cache is for --backend cuda or opencl", "caption", "CAKE", "--backend", "reference", "--kv-cache", "f32")]
    [InlineData(2, "'int8' not recognized", "caption", "CAKE", "--backend", "cuda", "--kv-cache", "int8")]
    [InlineData(2, "--backend: Argument 'gpu' not recognized. Must be one of: 'cpu', 'cuda', 'opencl', 'reference'.", "caption", "CAKE",
        "--backend", "gpu")]
    [InlineData(2, "--threads is for --backend cpu", "caption", "CAKE", "--backend", "opencl", "--threads", "7")]
    [InlineData(2, "--simd is for --backend cpu", "bench", "--backend", "cuda,reference", "--simd", "512")]
    [InlineData(2, "--threads is for --backend cpu", "inspect", "--plan", "--backend", "cuda", "--threads", "7")]
    [InlineData(2, "--backend 'gpu': give cpu, cuda, opencl, reference", "bench", "--backend", "cpu,gpu")]
    [InlineData(2, "give each backend once", "bench", "--backend", "cpu,cpu")]
    [InlineData(2, "cpu,cuda", "caption", "CAKE", "--backend", "cpu,cuda")]
    [InlineData(2, "--svg is empty", "bench", "--svg", "")]
    [InlineData(4, "does not exist: create it", "bench", "--svg", "no-such-folder/x.svg")]
    [InlineData(3, "no-such-folder", "caption", "--model", "no-such-folder", "x.png")]
    [InlineData(4, "no-such.png", "caption", "no-such.png")]
    [InlineData(2, "'x' is not a token id", "generate", "--image", "CAKE", "--prompt-ids", "2,x")]
    [InlineData(2, "exclude each other", "generate", "--image", "CAKE", "--prompt-ids", "2", "--prompt", "a")]
    [InlineData(5, "outside the vocabulary", "generate", "--image", "CAKE", "--prompt-ids", "2,999999")]
    [InlineData(2, "--max-new-tokens", "caption", "CAKE", "--max-new-tokens", "0")]
    [InlineData(2, "--temperature 0: give a number above 0", "caption", "CAKE", "--temperature", "0")]
    [InlineData(2, "--temperature 'warm': give a number", "caption", "CAKE", "--temperature", "warm")]
    [InlineData(2, "--top-k 'all': give a whole number", "ask", "CAKE", "what?", "--top-k", "all")]
    [InlineData(
        2, "--max-new-tokens 'x': give a whole number", "trace", "--image", "CAKE", "--prompt", "caption en", "--out", "x.safetensors",
        "-n", "x")]
    [InlineData(2, "--size 'x': give a whole number", "preprocess", "CAKE", "-o", "-", "--size", "x")]
    [InlineData(2, "--max-new-tokens 'x': give a whole number", "bench", "-n", "x")]
    [InlineData(2, "--repeat 'x': give a whole number", "bench", "--repeat", "x")]
    [InlineData(2, "--threads 'x': give a whole number", "inspect", "--plan", "--threads", "x")]
    [InlineData(5, "matrices are not; use the model as it is", "quantize", "ODD", "no-such-folder", "-f", "int4")]
    [InlineData(5, "matrices are not; use the model as it is", "caption", "--model", "ODD", "CAKE", "--quantize", "int8")]
    [InlineData(2, "--threads 0: give a number from 1 to 1024", "quantize", "README", "no-such-folder", "-f", "int8", "--threads", "0")]
    [InlineData(2, "--requests 'x': give a whole number", "inspect", "--plan", "--requests", "x")]
    [InlineData(2, "--requests is for --plan", "inspect", "--requests", "8")]
    [InlineData(2, "--quantize is for --plan", "inspect", "--quantize", "int8")]
    [InlineData(2, "--adapter is for --plan", "inspect", "--adapter", "x")]
    [InlineData(2, "--backend is for --plan", "inspect", "--backend", "cuda")]
    [InlineData(2, "--tensors is for a listing", "inspect", "--plan", "--tensors")]
    [InlineData(2, "--top-p 1.5: give a number from 0 to 1", "generate", "--image", "CAKE", "--prompt", "", "--top-p", "1.5")]
    [InlineData(2, "--min-p -1", "caption", "CAKE", "--min-p", "-1")]
    [InlineData(2, "--min-new-tokens 9", "caption", "CAKE", "--min-new-tokens", "9", "--max-new-tokens", "8")]
    [InlineData(2, "--repetition-penalty 0", "caption", "CAKE", "--repetition-penalty", "0")]
    [InlineData(2, "--no-repeat-ngram-size -2", "caption", "CAKE", "--no-repeat-ngram-size", "-2")]
    [InlineData(2, "--beams 0", "caption", "CAKE", "--beams", "0")]
    [InlineData(2, "--beams 2: beam search does not sample", "caption", "CAKE", "--beams", "2", "--top-k", "3")]
    [InlineData(2, "--length-penalty NaN", "caption", "CAKE", "--beams", "2", "--length-penalty", "NaN")]
    [InlineData(2, "--logprobs 2: only JSON", "caption", "CAKE", "--logprobs", "2")]
    [InlineData(2, "--logprobs 2000", "caption", "CAKE", "--json", "--logprobs", "2000")]
    [InlineData(2, "--stop \"\": give at least one character", "caption", "CAKE", "--stop", "")]
    [InlineData(4, "README.md", "preprocess", "README", "-o", "-")]
    [InlineData(2, "IMAGE is empty", "caption", "")]
    [InlineData(2, "--model is empty", "inspect", "--model", "")]
    [InlineData(2, "--output is empty", "preprocess", "CAKE", "-o", "")]
    [InlineData(2, "--image is empty", "bench", "--image", "")]
    [InlineData(2, "--prompt TEXT", "generate", "--image", "CAKE")]
    [InlineData(2, "--prompt-ids is empty", "generate", "--image", "CAKE", "--prompt-ids", "")]
    [InlineData(2, "bogus", "bogus")]
    [InlineData(
        4, "does not exist: create it", "trace", "--image", "CAKE", "--prompt", "caption en", "--out", "no-such-folder/x.safetensors")]
    [InlineData(4, "it is a folder", "caption", ".")]
    [InlineData(2, "--max-new-tokens 0", "explain", "CAKE", "caption en", "-n", "0")]
    [InlineData(2, "from 1 to 256", "explain", "CAKE", "caption en", "-n", "257")]
    [InlineData(2, "nothing to look for", "explain", "CAKE", "detect ;")]
    [InlineData(2, "--candidates", "explain", "CAKE", "caption en", "--candidates", "0")]
    [InlineData(2, "--out is empty", "explain", "CAKE", "caption en", "--out", "")]
    [InlineData(2, "PROMPT is missing: ", "explain", "CAKE")]
    [InlineData(2, "IMAGE is missing: Picture file", "ask")]
    [InlineData(2, "QUESTION is missing: The question", "ask")]
    [InlineData(2, "IN is missing: Model folder", "quantize")]
    [InlineData(2, "OUT is missing: Folder to write", "quantize", "README", "-f", "int8")]
    [InlineData(2, "Required argument missing for option: '--model'", "inspect", "--model")]
    [InlineData(2, "OUT is empty", "quantize", "README", "", "-f", "int8")]
    [InlineData(2, "--threads is for --backend cpu", "caption", "CAKE", "--backend", "reference", "--threads", "7")]
    [InlineData(2, "--simd is for --backend cpu", "bench", "--backend", "reference", "--simd", "512")]
    [InlineData(4, "does not exist: create it", "explain", "CAKE", "caption en", "--out", "no-such-folder/x.html")]
    [InlineData(4, "no-such.png", "explain", "no-such.png", "caption en", "--out", "-")]
    [InlineData(2, "THING is empty: give a thing to look for", "detect", "CAKE", "")]
    [InlineData(2, "THING is empty: give a thing to look for", "segment", "CAKE", "cake", "")]
    [InlineData(2, "QUESTION is empty: give a question", "ask", "CAKE", "")]
    [InlineData(2, "what is written is a .png file, so name it x.png", "detect", "CAKE", "cake", "--draw", "x.jpg")]
    [InlineData(2, "what is written is a .png file, so name it {name}.png", "detect", "-", "cake", "--draw", "{name}.webp")]
    [InlineData(2, "what is written is a .png file, so name it m.png", "segment", "CAKE", "cake", "--mask", "m.json")]
    [InlineData(2, "--mask-format is for --mask", "segment", "CAKE", "cake", "--mask-format", "coco")]
    [InlineData(2, "--raw and --decode exclude each other", "tokenize", "--raw", "--decode")]
    [InlineData(2, "what is written is a .json file, so name it m.json", "segment", "CAKE", "cake", "--mask", "m.png", "--mask-format",
        "coco")]
    [InlineData(2, "what is written is a .ppm file, so name it x.ppm", "preprocess", "CAKE", "-o", "x.jpg")]
    [InlineData(2, "what is written is a .png file, so name it x.png", "preprocess", "CAKE", "-o", "x.ppm", "-f", "png")]
    [InlineData(2, "what is written is a .html file, so name it x.html", "explain", "CAKE", "caption", "-o", "x.png")]
    [InlineData(2, "what is written is a .svg file, so name it x.svg", "bench", "--svg", "x.png")]
    [InlineData(4, ". is a folder: give a file's name for --output", "preprocess", "CAKE", "-o", ".")]
    [InlineData(4, "does not exist: create it, or give another --output", "preprocess", "CAKE", "-o", "no-such-folder/x.ppm")]
    [InlineData(4, ". is a folder: give a file's name for --out", "explain", "CAKE", "caption", "-o", ".")]
    [InlineData(4, ". is a folder: give a file's name for --out", "trace", "--image", "CAKE", "--prompt", "x", "-o", ".")]
    [InlineData(2, "--out -: this is not written to standard output; give a file's name, or ./- for a file of that name", "trace",
        "--image", "CAKE", "--prompt", "x", "-o", "-")]
    [InlineData(2, "--out -: this is not written to standard output", "gradients", "--data", "README", "-o", "-")]
    [InlineData(2, "--draw -: this is not written to standard output", "detect", "CAKE", "cake", "--draw", "-")]
    [InlineData(2, "--html -: this is not written to standard output", "ablate", "CAKE", "caption", "--html", "-")]
    [InlineData(2, "--svg -: this is not written to standard output", "bench", "--svg", "-")]
    [InlineData(2, "--out -: a folder is written here, and not standard output", "batch", "CAKE", "-o", "-")]
    [InlineData(2, "--out -: a folder is written here, and not standard output", "eval", "README", "-o", "-")]
    [InlineData(2, "--out -: a folder is written here, and not standard output", "train", "--data", "README", "-o", "-")]
    [InlineData(2, "--out -: a folder is written here, and not standard output", "adapter", "merge", "--adapter", "README", "-o", "-")]
    [InlineData(2, "OUT -: a folder is written here, and not standard output", "quantize", "README", "-", "-f", "int8")]
    [InlineData(2, "--device 'cpu': give a whole number; here it is --backend cpu.", "caption", "CAKE", "--device", "cpu")]
    [InlineData(2, "--device 'cuda:1': give a whole number; here it is --backend cuda --device 1.", "bench", "--device", "cuda:1")]
    [InlineData(2, "vqav2 comes before 'score', which is a separate command", "eval", "vqav2", "score", "caption",
        "--predictions", "a", "--references", "b")]
    [InlineData(2, "--limit comes before 'compare'", "eval", "--limit", "5", "compare", "a", "b")]
    [InlineData(2, "x.png comes before 'status'", "batch", "x.png", "status", "out")]
    [InlineData(2, "a/b@r and --revision s name two revisions", "pull", "a/b@r", "--revision", "s")]
    [InlineData(4, "no-such-token does not exist: give a file with a token in its first line", "pull", "a/b", "--token-file",
        "no-such-token")]
    [InlineData(4, ". is a folder: give a file with a token in its first line", "pull", "a/b", "--token-file", ".")]
    [InlineData(2, "--temperature '0,8': give a number, with a point for the decimals: 0.8", "caption", "CAKE", "--temperature", "0,8")]
    [InlineData(2, "--lr '2e-4,5': give a number, with a point for the decimals and no commas.", "train", "--data", "x", "--lr", "2e-4,5")]
    [InlineData(2, "'1.000,5': give a number, with a point for the decimals and no commas.", "caption", "CAKE", "--repetition-penalty",
        "1.000,5")]
    [InlineData(2, "--max-error-rate '0,1': give a number", "batch", "CAKE", "--max-error-rate", "0,1")]
    public async Task Errors_are_one_sentence_with_their_exit_code(int code, string says, params string[] args)
    {
        string[] real =
        [
            .. args.Select(a =>
                a switch
                {
                    "CAKE" => Cake,
                    "README" => Path.Combine(GoldenFiles.Root, "README.md"),
                    "ODD" => GoldenFiles.PathOf("models", "pg1odd"),
                    _ => a
                })
        ];
        Run.Outcome run = await Run.Vlmsharp("", real);
        Assert.Equal((code, ""), (run.Code, run.Output));
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
        Assert.StartsWith("vlmsharp: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal); // no stack trace
    }

    /// <summary>The names that the usual scripts use, and typing errors.</summary>
    [Theory]
    [InlineData("Here it is --max-new-tokens.", "caption", "--max_tokens_to_generate", "5", "x.png")]
    [InlineData("Did you mean --top-p?", "caption", "--top_p", "0.5", "x.png")]
    [InlineData("Here it is --temperature, --top-k or --top-p: each of them begins sampling.", "ask", "--do_sample", "True", "x.png")]
    [InlineData("Here it is nothing: the CPU computes unless --backend names another.", "generate", "--only_cpu", "True")]
    [InlineData("Here it is --image.", "generate", "--image_file_path", "x.png")]
    [InlineData("Here it is nothing: give the picture's name without an option.", "ask", "--image_file_path", "x.png", "what?")]
    [InlineData("Here it is --model.", "caption", "--model_path", "folder", "x.png")]
    [InlineData("Here it is nothing: give the picture's name without an option.", "caption", "--image", "x.png")]
    [InlineData("Here it is --image.", "generate", "--image_path", "x.png")]
    [InlineData("Here it is nothing: give the pictures' names without an option.", "batch", "--image_path", "x.png")]
    [InlineData("Here it is nothing: write the question after the picture.", "ask", "--prompt", "x")]
    [InlineData("Here it is another command: vlmsharp generate --prompt.", "caption", "--prompt", "x")]
    [InlineData("Here it is --backend.", "caption", "--device_map", "auto", "x.png")]
    [InlineData("Here it is --model.", "inspect", "--model_id", "google/x")]
    [InlineData("Did you mean --model?", "inspect", "--modle", "x")]
    [InlineData("Did you mean --quantize?", "inspect", "--quant", "int8")]
    [InlineData("Did you mean caption?", "captoin", "x.png")]
    [InlineData("Did you mean validate?", "data", "valdiate", "x.jsonl")]
    [InlineData("Did you mean --max-new-tokens?", "caption", "-max_new_tokens", "5", "x.png")]
    [InlineData("Did you mean --model?", "inspect", "-model=x")]
    [InlineData("Here it is nothing: give the picture's name without an option.", "caption", "-image", "x.png")]
    [InlineData("Here it is nothing: write the prompt after the picture.", "explain", "x.png", "--prompt", "caption")]
    [InlineData("Here it is nothing: write the question after the picture.", "ask", "x.png", "--question", "what?")]
    [InlineData("Here it is nothing: write the things to look for after the picture.", "detect", "x.png", "--things", "cat")]
    [InlineData("Here it is nothing: give the model's name without an option.", "pull", "--model_path", "google/x")]
    [InlineData("Here it is nothing: give the model's folder without an option, before the new one.", "quantize", "--model", "x", "y")]
    [InlineData("Here it is nothing: give the file's name without an option.", "data", "validate", "--data", "x.jsonl")]
    [InlineData("Here it is nothing: give the file's name without an option.", "eval", "--data", "x.jsonl")]
    [InlineData("Here it is nothing: give the folder's name without an option.", "batch", "status", "--out", "captions")]
    [InlineData("Here it is nothing: give the folder's name without an option.", "adapter", "inspect", "--adapter", "x")]
    [InlineData("--draw is an option of detect and segment.", "caption", "x.png", "--draw", "y.png")]
    [InlineData("Did you mean score?", "eval", "scroe", "vqa", "--predictions", "p.json")]
    [InlineData("Did you mean compare?", "eval", "compair", "a", "b")]
    [InlineData("Did you mean status?", "batch", "statsu", "captions")]
    [InlineData("Did you mean serve?", "bench", "sevre", "http://127.0.0.1")]
    [InlineData("Here it is nothing: write the prompt after the picture.", "ablate", "x.png", "--prompt")]
    public async Task A_wrong_word_is_answered_with_the_right_one(string hint, params string[] args)
    {
        Run.Outcome run = await Run.Vlmsharp("", args);
        Assert.Equal((2, ""), (run.Code, run.Output));
        string[] lines = run.Error.TrimEnd('\n').Split('\n');
        Assert.Equal(hint, lines[^2]);
        Assert.Equal(3, lines.Length); // the error, the hint, and where to find help
    }

    [Theory, InlineData("pope"), InlineData("vqav2"), InlineData("coco-caption")]
    public async Task The_name_of_a_benchmark_is_no_mistyped_command(string benchmark) =>
        Assert.DoesNotContain("Did you mean", (await Run.Vlmsharp("", "eval", benchmark, "--out", "x")).Error, StringComparison.Ordinal);

    [Fact]
    public async Task A_prompt_beyond_the_context_is_refused()
    {
        string ids = string.Join(',', Enumerable.Repeat(5, 600)); // the demo model's context is 512
        Run.Outcome run = await Run.Vlmsharp("", "generate", "--image", Cake, "--prompt-ids", ids);
        Assert.Equal((5, ""), (run.Code, run.Output));
        Assert.Contains("context is 512", run.Error, StringComparison.Ordinal);
    }

    /// <summary>With --json what ends a command is an object too, except a wrong command line.</summary>
    [Theory]
    [InlineData(5, "invalid_request", "ask", "CAKE", "LONG", "--json")]
    [InlineData(5, "invalid_request", "ablate", "CAKE", "LONG", "--json")]
    [InlineData(3, "invalid_model", "ask", "CAKE", "what?", "--json", "--model", "no-such-model")]
    [InlineData(3, "invalid_model", "inspect", "--json", "--model", "no-such-model")]
    [InlineData(4, "invalid_image", "ablate", "no-such.png", "caption", "--json")]
    [InlineData(4, "file", "data", "validate", "no-such.jsonl", "--json")]
    [InlineData(65, "invalid_data", "data", "validate", "CAKE", "--json")]
    [InlineData(4, "file", "eval", "score", "caption", "--predictions", "no-such.json", "--references", "no-such.json", "--json")]
    [InlineData(5, "unavailable", "bench", "--backend", "cuda", "--device", "99", "--json")]
    public async Task An_error_is_an_object_where_json_is_asked_for(int code, string type, params string[] args)
    {
        string longest = string.Concat(Enumerable.Repeat("cake ", 600));
        Run.Outcome run = await Run.Vlmsharp("", [.. args.Select(a => a switch { "CAKE" => Cake, "LONG" => longest, _ => a })]);
        Assert.Equal(code, run.Code);
        JsonElement error = JsonElement.Parse(Assert.Single(run.Lines)).GetProperty("error");
        Assert.Equal(type, error.GetProperty("type").GetString());
        Assert.Equal($"vlmsharp: {error.GetProperty("message").GetString()}\n", run.Error);
    }

    [Fact]
    public async Task A_line_break_in_a_file_name_does_not_break_a_line_of_output()
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = new TemporaryFolder();
        string name = folder.At("two\nlines\r.png"), shown = folder.At(@"two\u000alines\u000d.png");
        File.Copy(Cake, name);
        Run.Outcome run = await Run.Vlmsharp("", "caption", "-q", name, Cake);
        Assert.Equal((0, $"{shown}: a cake\n{Cake}: a cake\n"), (run.Code, run.Output));
        run = await Run.Vlmsharp("", "detect", "-q", name, "cake", "--json");
        Assert.Equal(name, JsonElement.Parse(run.Output).GetProperty("images")[0].GetString());
        run = await Run.Vlmsharp("", "explain", "-q", Cake, "caption", "-o", name + ".html");
        Assert.Equal((0, $"{shown}.html\n"), (run.Code, run.Output));
        Assert.True(File.Exists(name + ".html"));
    }

    [Fact]
    public async Task Tokens_to_trace_are_limited_by_the_context()
    {
        string target = Path.Combine(Path.GetTempPath(), $"vlmsharp-{Guid.NewGuid():N}.safetensors");
        try
        {
            Run.Outcome run =
                await Run.Vlmsharp("", "trace", "--image", Cake, "--prompt", "caption en", "--out", target, "-n", "2000000000");
            Assert.Equal(0, run.Code);
            using var trace = new GoldenTensors(target);
            Assert.Equal(512, trace.Ints("input_ids").Length + trace.Ints("tokens").Length);
            Assert.Equal("vlmsharp: --max-new-tokens 2000000000 is cut to 444: the prompt has 68 tokens, pictures included, and the "
                + "model's context 512.\n", run.Error);
        }
        finally
        {
            File.Delete(target);
        }
    }

    [Fact]
    public async Task A_bad_path_in_a_list_is_one_bad_picture()
    {
        Run.Outcome run = await Run.Vlmsharp($"bad\0path\n{Cake}\n", "caption", "-q", "-");
        Assert.Equal((4, $"{Cake}: a cake\n"), (run.Code, run.Output));
    }

    [Theory, InlineData("\"\\ud800\"", "surrogate"), InlineData("5", "not a JSON string"), InlineData("{", "not JSON")]
    public async Task Tokenize_names_the_bad_line(string line, string says)
    {
        Run.Outcome run = await Run.Vlmsharp($"\"good\"\n{line}\n", "tokenize");
        Assert.Equal(2, run.Code);
        Assert.Contains("Line 2", run.Error, StringComparison.Ordinal);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    [Theory, InlineData(), InlineData("caption"), InlineData("ask"), InlineData("generate"), InlineData("explain"), InlineData("inspect"),
        InlineData("tokenize"), InlineData("preprocess"), InlineData("trace"), InlineData("bench")]
    public async Task Help_has_examples(params string[] command)
    {
        Run.Outcome run = await Run.Vlmsharp("", [.. command, "--help"]);
        Assert.Equal(0, run.Code);
        Assert.Contains("Examples:", run.Output, StringComparison.Ordinal);
    }

    [Theory, InlineData("score"), InlineData("score", "vqa"), InlineData("compare")]
    public async Task Help_of_a_command_below_eval_has_no_word_of_eval(params string[] command)
    {
        Run.Outcome run = await Run.Vlmsharp("", ["eval", .. command, "--help"]);
        Assert.Equal(0, run.Code);
        Assert.DoesNotContain("WHAT", run.Output, StringComparison.Ordinal);
    }

    /// <summary>INPUT is what their parent takes, not they.</summary>
    [Theory, InlineData("status"), InlineData("merge")]
    public async Task Help_of_a_subcommand_shows_its_own_usage(string command)
    {
        Run.Outcome run = await Run.Vlmsharp("", "batch", command, "--help");
        Assert.Contains($" batch {command} <DIR> [options]", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("INPUT", run.Output, StringComparison.Ordinal);
        Assert.Contains("INPUT", (await Run.Vlmsharp("", "batch", "--help")).Output, StringComparison.Ordinal);
        run = await Run.Vlmsharp("", "batch", command);
        Assert.Equal(2, run.Code);
        Assert.EndsWith($"Try 'vlmsharp batch {command} --help'.\n", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_may_begin_with_an_at_sign()
    {
        Run.Outcome run = await Run.Vlmsharp("", "ask", Cake, "@alice looks at what?");
        Assert.Equal(0, run.Code);
        Assert.NotEmpty(run.Lines[0]);
    }

    [Theory]
    [InlineData("no\u001b[31m\u0007such\u202e.png", @"no\u001b[31m\u0007such\u202e.png")]
    [InlineData("caption\u009bK", @"caption\u009bK")]
    [InlineData("no\nvlmsharp: such\r\u0085\u2028\u2029.png", @"no\u000avlmsharp: such\u000d\u0085\u2028\u2029.png")]
    public async Task A_name_cannot_command_the_terminal(string name, string shown)
    {
        foreach (string[] arguments in new string[][]
        {
            ["caption", name], ["caption", Cake, "--model", name], [name], ["caption", "--" + name, Cake],
            ["caption", Cake, "--temperature", name], ["batch", name],
        })
        {
            Run.Outcome run = await Run.Vlmsharp("", arguments);
            Assert.NotEqual(0, run.Code);
            Assert.Contains(shown, run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain(run.Error, c => char.IsControl(c) && c != '\n' || c is '\u202e' or '\u2028' or '\u2029');
            Assert.DoesNotContain("\nvlmsharp: such", run.Error, StringComparison.Ordinal);
        }
    }

    /// <summary>On a terminal no name is a command; in a file every name is what it is.</summary>
    [ToolFact("script")]
    public async Task A_name_in_an_answer_cannot_command_the_terminal()
    {
        using var folder = new TemporaryFolder();
        string name = "no\u001b[31msuch\u202e\u009b.png", list = folder.At("list");
        File.Copy(Cake, folder.At(name));
        await File.WriteAllTextAsync(list, name + "\n");
        string command = $"dotnet '{Tool.Vlmsharp}' caption -q - < '{list}'";
        (int code, string output, _) = await Tool.RunAsync("/bin/sh", ["-c", command], folder.Path);
        Assert.Equal((0, $"{name}: a cake\n"), (code, output));
        (code, output, _) = await Tool.RunAsync("script", ["-qec", command, "/dev/null"], folder.Path);
        Assert.Equal(0, code);
        Assert.Contains(@"no\u001b[31msuch\u202e\u009b.png: ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("such\u202e", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(">/dev/full", "caption", "No space left on device")]
    [InlineData(">&-", "caption", "")]
    [InlineData(">/dev/full", "detect --json CAKE cake", "No space left on device")]
    [InlineData(">/dev/full", "inspect", "No space left on device")]
    [InlineData(">/dev/full", "--help", "No space left on device")]
    [InlineData(">/dev/full", "preprocess CAKE -o -", "No space left on device")]
    [InlineData(">/dev/full", "preprocess CAKE -o - -f png", "No space left on device")]
    [InlineData(">&-", "preprocess CAKE -o -", "")]
    [InlineData(">/dev/full", "explain CAKE caption -o -", "No space left on device")]
    public async Task That_standard_output_cannot_be_written_is_said(string redirection, string command, string why)
    {
        if (!OperatingSystem.IsLinux()) return;
        string words = command == "caption" ? $"caption '{Cake}'" : command.Replace("CAKE", $"'{Cake}'", StringComparison.Ordinal);
        (int code, _, string error) = await Tool.RunAsync("/bin/sh", ["-c", $"dotnet '{Tool.Vlmsharp}' {words} {redirection}"]);
        Assert.Equal(4, code);
        Assert.Contains($"vlmsharp: standard output cannot be written: {why}", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2>/dev/full")]
    [InlineData("2>&-")]
    public async Task If_standard_error_cannot_be_written_answer_and_exit_code_are_the_same(string redirection)
    {
        if (OperatingSystem.IsWindows()) return;
        (int code, string output, _) = await Tool.RunAsync("/bin/sh", ["-c", $"dotnet '{Tool.Vlmsharp}' caption '{Cake}' {redirection}"]);
        Assert.Equal((0, "a cake\n"), (code, output));
        (code, output, _) = await Tool.RunAsync("/bin/sh", ["-c", $"dotnet '{Tool.Vlmsharp}' caption no-such.png {redirection}"]);
        Assert.Equal((4, ""), (code, output));
    }
}
