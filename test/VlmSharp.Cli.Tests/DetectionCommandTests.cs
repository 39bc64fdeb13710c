using System.Globalization;
using System.Text.Json;
using VlmSharp.Cli.Output;
using VlmSharp.Conformance;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Cli.Tests;

/// <summary><c>detect</c> and <c>segment</c> as users and tools call them.</summary>
public sealed class DetectionCommandTests : IDisposable
{
    private static readonly string Samples = Path.Combine(GoldenFiles.Root, "demo", "samples");
    private static readonly string Cake = Path.Combine(Samples, "cake.png"), Sun = Path.Combine(Samples, "sun.png");
    private readonly string scratch = Directory.CreateTempSubdirectory("vlmsharp-cli-").FullName;

    public void Dispose() => Directory.Delete(scratch, recursive: true);

    /// <summary>The reference's tokens are 201, 228, 575, 484 of 1024; the picture has 224 pixels.</summary>
    [Theory, InlineData(), InlineData("--no-constrain")]
    public async Task Detect_prints_a_line_for_each_box(params string[] options)
    {
        Run.Outcome run = await Run.Vlmsharp("", ["detect", "-q", Cake, "cake", .. options]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        string[] fields = Assert.Single(run.Lines).Split('\t');
        Assert.Equal(["cake", "49.9", "44.0", "105.9", "125.8"], [fields[0], .. fields[2..]]);
        Assert.InRange(double.Parse(fields[1], CultureInfo.InvariantCulture), 0.7, 1.0);
        run = await Run.Vlmsharp("", ["detect", Sun, "sun", "--loc-divisor", "1023", .. options]);
        Assert.Equal(2, run.Lines.Length);
        Assert.Contains("prefill ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_one_shape_for_every_task()
    {
        Run.Outcome run = await Run.Vlmsharp("", "detect", "--json", Cake, "cake");
        using JsonDocument json = JsonDocument.Parse(run.Output);
        JsonElement o = json.RootElement, box = o.GetProperty("detections")[0];
        Assert.Equal(
            ("detect", "detect cake", 224, 224),
            (
                o.GetProperty("task").GetString(),
                o.GetProperty("prompt").GetString(),
                o.GetProperty("width").GetInt32(),
                o.GetProperty("height").GetInt32()));
        Assert.Equal(1, o.GetProperty("detections").GetArrayLength());
        Assert.Equal("cake", box.GetProperty("label").GetString());
        Assert.Equal([49.875, 43.969, 105.875, 125.781], box.GetProperty("box").EnumerateArray().Select(e => e.GetDouble()));
        Assert.False(box.TryGetProperty("mask_codes", out _));
        Assert.InRange(box.GetProperty("score").GetDouble(), 0.7, 1.0);
        Assert.Equal([1201, 1228, 1575, 1484, 695, 1], GoldenCase.Ints(o.GetProperty("token_ids")));

        foreach ((string task, string prompt, string[] args) in new[]
        {
            ("caption", "caption en", new[] { "caption", "--json", Cake }),
            ("ask", "answer en is there a cake?", ["ask", "--json", Cake, "is there a cake?"])
        })
        {
            using JsonDocument other = JsonDocument.Parse((await Run.Vlmsharp("", args)).Output);
            Assert.Equal(
                (task, prompt), (other.RootElement.GetProperty("task").GetString(), other.RootElement.GetProperty("prompt").GetString()));
            Assert.Equal(o.EnumerateObject().Select(p => p.Name), other.RootElement.EnumerateObject().Select(p => p.Name));
            Assert.Equal(0, other.RootElement.GetProperty("detections").GetArrayLength());
        }
    }

    [Fact]
    public async Task Drawings_are_named_after_their_pictures()
    {
        Run.Outcome run = await Run.Vlmsharp(
            $"{Cake}\nmissing.png\n{Sun}\n", "detect", "-q", "-", "sun", "--draw", Path.Combine(scratch, "found-{name}.png"));
        Assert.Equal(4, run.Code);
        Assert.Equal(2, run.Lines.Count(l => l.StartsWith($"{Sun}: sun\t", StringComparison.Ordinal)));
        RgbImage drawn = ImageFile.Load(Path.Combine(scratch, "found-sun.png")), original = ImageFile.Load(Sun);
        Assert.True(File.Exists(Path.Combine(scratch, "found-cake.png")));
        Assert.Equal((original.Width, original.Height), (drawn.Width, drawn.Height));
        int changed =
            Enumerable.Range(0, 224 * 224).Count(i => !drawn.Pixels.AsSpan(3 * i, 3).SequenceEqual(original.Pixels.AsSpan(3 * i, 3)));
        Assert.InRange(changed, 1000, 224 * 224 / 4);
    }

    /// <summary>A photograph with an EXIF orientation: the boxes refer to the upright picture.</summary>
    [Fact]
    public async Task Boxes_refer_to_the_upright_picture()
    {
        string path = GoldenFiles.PathOf("images", "jpg_exif6.jpg");
        RgbImage upright = ImageFile.Load(path), lying = ImageFile.Load(path, new ImageOptions { ApplyExifOrientation = false });
        Assert.NotEqual(upright.Width, lying.Width);
        Run.Outcome run = await Run.Vlmsharp("", "detect", "--json", path, "cake");
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.Equal(
            (upright.Width, upright.Height),
            (json.RootElement.GetProperty("width").GetInt32(), json.RootElement.GetProperty("height").GetInt32()));
        foreach (JsonElement found in json.RootElement.GetProperty("detections").EnumerateArray())
        {
            int[] tokens = GoldenCase.Ints(json.RootElement.GetProperty("token_ids"));
            Assert.Equal((tokens[3] - 1000) * upright.Width / 1024.0, found.GetProperty("box")[2].GetDouble(), 1e-2);
        }
    }

    /// <summary>
    /// The demo model cannot segment. Its codes are well-formed noise, which is enough to test the whole path.
    /// </summary>
    [Fact]
    public async Task Segment_writes_masks()
    {
        string decoder = Path.Combine(scratch, "decoder.npz"),
            png = Path.Combine(scratch, "mask.png"),
            coco = Path.Combine(scratch, "mask-{n}.json");
        MaskGoldens.WriteNpz(decoder);
        Run.Outcome run = await Run.Vlmsharp("", "segment", "--json", Cake, "cake", "--mask-decoder", decoder, "--mask", png);
        Assert.Equal(0, run.Code);
        using JsonDocument json = JsonDocument.Parse(run.Output);
        JsonElement found = json.RootElement.GetProperty("detections")[0], size = found.GetProperty("mask").GetProperty("size");
        Assert.Equal(16, found.GetProperty("mask_codes").GetArrayLength());
        Assert.Equal([224, 224], GoldenCase.Ints(size));
        RunLengthMask mask = RunLengthMask.FromCompressed(224, 224, found.GetProperty("mask").GetProperty("counts").GetString()!);
        double[] box = [.. found.GetProperty("box").EnumerateArray().Select(e => e.GetDouble())];
        Assert.InRange(mask.Area, 1, (box[2] - box[0] + 1) * (box[3] - box[1] + 1));
        Assert.InRange(mask.BoundingBox.Left, box[0] - 1, box[2]);

        byte[] file = await File.ReadAllBytesAsync(png);
        Assert.Equal([8, 0], file[24..26]); // 8 bits, gray
        RgbImage gray = ImageFile.Load(png);
        Assert.Equal((224, 224), (gray.Width, gray.Height));
        Assert.Contains((byte)255, gray.Pixels);

        string drawing = Path.Combine(scratch, "drawn.png");
        foreach (string format in new[] { "coco", "coco-runs" })
        {
            run = await Run.Vlmsharp(
                "", "segment", "-q", Cake, "cake", "--mask-decoder", decoder, "--mask", coco, "--mask-format", format, "--draw", drawing);
            Assert.StartsWith("cake\t", run.Output, StringComparison.Ordinal);
            using JsonDocument written = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(scratch, "mask-1.json")));
            JsonElement annotation = Assert.Single(written.RootElement.EnumerateArray()),
                counts = annotation.GetProperty("segmentation").GetProperty("counts");
            Assert.Equal(mask.Area, annotation.GetProperty("area").GetInt64());
            if (format == "coco") Assert.Equal(mask.ToCompressed(), counts.GetString());
            else Assert.Equal(mask.Counts, GoldenCase.Ints(counts));
            Box bounds = mask.BoundingBox;
            IEnumerable<float> bbox = annotation.GetProperty("bbox").EnumerateArray().Select(e => e.GetSingle());
            Assert.Equal([bounds.Left, bounds.Top, bounds.Width, bounds.Height], bbox);
        }

        Assert.True(File.Exists(drawing));
    }

    [Fact]
    public async Task Segment_without_its_decoder_explains_what_is_missing()
    {
        Run.Outcome run = await Run.Vlmsharp("", "segment", Cake, "cake");
        Assert.Equal((3, ""), (run.Code, run.Output));
        foreach (string part in new[] { "vae-oid.npz", "put it into", "--mask-decoder", "--no-masks" })
            Assert.Contains(part, run.Error, StringComparison.Ordinal);
        run = await Run.Vlmsharp("", "segment", "-q", "--json", Cake, "cake", "--no-masks");
        using JsonDocument json = JsonDocument.Parse(run.Output);
        JsonElement found = json.RootElement.GetProperty("detections")[0];
        Assert.Equal(16, found.GetProperty("mask_codes").GetArrayLength());
        Assert.False(found.TryGetProperty("mask", out _));
    }

    [Fact]
    public async Task A_drawing_overwrites_no_picture_and_no_other_drawing()
    {
        string one = Path.Combine(scratch, "a.png"),
            folder = Directory.CreateDirectory(Path.Combine(scratch, "b")).FullName,
            two = Path.Combine(folder, "a.png");
        File.Copy(Cake, one);
        File.Copy(Sun, two);
        Run.Outcome run = await Run.Vlmsharp($"{one}\n", "detect", "-", "cake", "-q", "--draw", Path.Combine(scratch, "{name}.png"));
        Assert.Equal(2, run.Code);
        Assert.Contains("overwrite the picture", run.Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Cake), File.ReadAllBytes(one));

        string drawing = Path.Combine(scratch, "{name}-found.png");
        run = await Run.Vlmsharp($"{one}\n{one}\n{two}\n", "detect", "-", "cake", "-q", "--draw", drawing);
        Assert.Equal(2, run.Code);
        Assert.Contains("would both have the file", run.Error, StringComparison.Ordinal);
        Run.Outcome expected = await Run.Vlmsharp("", "detect", one, "cake", "-q", "--draw", Path.Combine(scratch, "alone.png"));
        Assert.Equal(0, expected.Code);
        Assert.Equal(File.ReadAllBytes(Path.Combine(scratch, "alone.png")), File.ReadAllBytes(Path.Combine(scratch, "a-found.png")));
    }

    [Fact]
    public async Task Answers_that_were_cut_or_empty_are_reported_on_standard_error()
    {
        Run.Outcome run = await Run.Vlmsharp("", "detect", Cake, "cake", "-n", "3");
        Assert.Equal((0, ""), (run.Code, run.Output));
        Assert.Contains("cut at 3 tokens", run.Error, StringComparison.Ordinal);
        run = await Run.Vlmsharp("", "detect", "-q", Cake, "cake", "-n", "3");
        Assert.Equal("", run.Error);
    }

    /// <summary>A label that an unconstrained model may give.</summary>
    [Fact]
    public void A_label_breaks_no_line()
    {
        var generation = new GenerationResult([5], [-1], "text", FinishReason.Stop, 3);
        var result = new TaskResult(VisionTask.Detect("cat"), generation, 100, 100, [
            new Detection(new Box(1, 2, 3, 4), "a\tb\r\n\u001b[2J é 🐈", 0.5f, null, null)
        ]);
        Assert.Equal("a\\tb\\r\\n\\u001b[2J é 🐈\t0.500\t1.0\t2.0\t3.0\t4.0", Assert.Single(BoxLines.Of(result)));
    }

    [Theory]
    [InlineData(2, "put {name}", "detect", "-", "cat", "--draw", "out.png")]
    [InlineData(2, "leave {n} out", "detect", "CAKE", "cat", "--draw", "out-{n}.png")]
    [InlineData(2, "if the thing is meant write", "detect", "CAKE", "CAKE")]
    [InlineData(2, "nothing to look for", "detect", "CAKE", " ; ")]
    [InlineData(2, "< or >", "detect", "CAKE", "<loc0001>")]
    [InlineData(2, "--loc-divisor 5", "detect", "CAKE", "cat", "--loc-divisor", "5")]
    [InlineData(2, "--mask", "detect", "CAKE", "cat", "--mask", "x.png")] // an option of segment
    [InlineData(2, "exclude each other", "segment", "CAKE", "cat", "--mask", "x.png", "--no-masks")]
    [InlineData(2, "is missing: ", "detect", "CAKE")]
    [InlineData(2, "--draw is empty", "detect", "CAKE", "cat", "--draw", "")]
    [InlineData(3, "no-such.npz", "segment", "CAKE", "cat", "--mask-decoder", "no-such.npz")]
    [InlineData(4, "is a folder: give a file's name", "detect", "CAKE", "cat", "--draw", ".")]
    [InlineData(4, "does not exist: create it", "detect", "CAKE", "cat", "--draw", "no-such-folder/x.png")]
    [InlineData(4, "no-such.png", "detect", "no-such.png", "cat")]
    public async Task Errors_are_one_sentence_with_their_exit_code(int code, string says, params string[] args)
    {
        Run.Outcome run = await Run.Vlmsharp("", [.. args.Select(a => a == "CAKE" ? Cake : a)]);
        Assert.Equal((code, ""), (run.Code, run.Output));
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    /// <summary>The error is found before anything is computed, so nothing is printed.</summary>
    [Fact]
    public async Task A_folder_that_takes_no_file_is_refused_early()
    {
        if (!OperatingSystem.IsLinux()) return;
        foreach (string name in new[] { "/proc/x.png", "/proc/{name}.png" })
        {
            Run.Outcome run = await Run.Vlmsharp("", "detect", Cake, "cake", "--draw", name);
            Assert.Equal((4, ""), (run.Code, run.Output));
            Assert.Contains("/proc takes no new files", run.Error, StringComparison.Ordinal);
        }

        // a file that exists need not be created
        Assert.Equal(0, (await Run.Vlmsharp("", "detect", Cake, "cake", "--draw", "/dev/null")).Code);
        Assert.Equal(0, (await Run.Vlmsharp("", "detect", Cake, "cake", "--draw", Path.Combine(scratch, "x.png"))).Code);
        Assert.Equal(Path.Combine(scratch, "x.png"), Assert.Single(Directory.GetFileSystemEntries(scratch)));
    }

    [Theory, InlineData("detect"), InlineData("segment")]
    public async Task Help_has_examples(string command)
    {
        Run.Outcome run = await Run.Vlmsharp("", command, "--help");
        Assert.Equal(0, run.Code);
        Assert.Contains("Examples:", run.Output, StringComparison.Ordinal);
        Assert.Contains("THING", run.Output, StringComparison.Ordinal);
    }
}
