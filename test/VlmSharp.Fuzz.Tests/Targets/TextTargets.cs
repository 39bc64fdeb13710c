using System.Runtime.InteropServices;
using System.Text;
using VlmSharp.Cli.Batch;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Tasks;
using VlmSharp.Tokenization;

namespace VlmSharp.Fuzz.Tests.Targets;

/// <summary>
/// Prompts of any text, lone surrogates included: they encode and decode without loss, typed text gives no control
/// token, and the input ids have exactly one placeholder block for each picture.
/// </summary>
internal sealed class PromptTarget : FuzzTarget
{
    private static readonly ITokenizer Tokenizer = TokenizerLoader.Load(GoldenFiles.DemoModel);

    public override string Name => "prompts";

    public override Type Rejection => typeof(RequestException);

    public override long MostAllocation(int inputBytes) => 512L * inputBytes + (256 << 10);

    protected override IEnumerable<Seed> MakeSeeds() =>
        ((string[])[
            "caption en", "detect cat ; dog", "answer en what is left of the car?\n", "<image><image>answer en which one?",
            "<bos><eos><pad><unk><image><start_of_turn>",
            "<loc0001><loc1023><seg000> <0x0A><0xFF>",
            "caf\u00e9 \U0001F600 \u4F60\u597D \u05E9\u05DC\u05D5\u05DD \u0915\u094D\u0937 e\u0301 \u200D\uFEFF\u2581\u2028",
            "\0\u0001\u001b[2J\r\n\n\n\n\t\t  <b></b><table>", new string(' ', 50) + new string('a', 200),
        ]).SelectMany(text =>
            (Seed[])[
                new($"utf-8 {text}", Encoding.UTF8.GetBytes(text)), new($"utf-16 {text}", [0xFF, .. Encoding.Unicode.GetBytes(text)])
            ]);

    public override bool Use(byte[] bytes)
    {
        // A first byte that is invalid in UTF-8 means UTF-16, with any surrogates.
        string text = bytes is [0xFF, ..] ? new string(MemoryMarshal.Cast<byte, char>(bytes.AsSpan(1))) : Encoding.UTF8.GetString(bytes);
        string valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

        int[] typed = Tokenizer.Encode(text, ControlTokens.AsText);
        Assert.DoesNotContain(typed, id =>
            id == Tokenizer.BosId
                || id == Tokenizer.EosId || id == Tokenizer.PadId || id == Tokenizer.UnknownId || id == Tokenizer.ImageId);
        Assert.Equal(valid.Replace('\u2581', ' '), Tokenizer.Decode(typed, skipSpecial: false));

        int images = 1 + bytes.Length % 3;
        int[] ids = PromptTokens.Build(Tokenizer, text, imageTokenCount: 4, imageCount: images);
        Assert.Equal(4 * images, ids.Count(id => id == Tokenizer.ImageId));
        ids = PromptTokens.Build(Tokenizer, text, imageTokenCount: 4, controlTokens: ControlTokens.AsTokens, imageCount: images);
        Assert.Equal(4 * images, ids.Count(id => id == Tokenizer.ImageId));
        VisionTask task = VisionTask.Detect(text);
        Assert.NotEmpty(task.Things);
        return true;
    }
}

/// <summary>Any token ids as an answer: they decode, streamed or at once, and every box that is read is valid.</summary>
internal sealed class AnswerTarget : FuzzTarget
{
    private static readonly ITokenizer Tokenizer = TokenizerLoader.Load(GoldenFiles.DemoModel);
    private static readonly TaskTokens Tokens = new(Tokenizer);

    public override string Name => "answers";

    public override Type Rejection => typeof(RequestException);

    public override bool AcceptsAll => true;

    public override long MostAllocation(int inputBytes) => 512L * inputBytes + (256 << 10);

    protected override IEnumerable<Seed> MakeSeeds()
    {
        const string Box = "<loc0051><loc0309><loc0708><loc0646>";
        string mask = string.Concat(Enumerable.Range(0, 16).Select(i => $"<seg{8 * i:D3}>"));
        foreach (string text in (string[])[
            $"{Box} car ; {Box} key<eos>", $"{Box}{mask} red star", $"a cake {Box};{Box}caf\u00e9 \U0001F600<b> ; x", "<eos><pad><loc0000>"
        ])
            yield return new Seed(text, MemoryMarshal.AsBytes(Tokenizer.Encode(text, ControlTokens.AsTokens).AsSpan()).ToArray());
    }

    public override bool Use(byte[] bytes)
    {
        int[] ids = MemoryMarshal.Cast<byte, int>(bytes).ToArray();
        // Shifted bytes make numbers that are not tokens; half of such answers are mapped into the vocabulary.
        if (bytes.Length % 2 == 1) ids = Array.ConvertAll(ids, id => id & 0x1FFF);
        foreach (bool skip in (bool[])[false, true])
        {
            var decoder = new StreamingDecoder(Tokenizer, skip);
            string streamed = string.Concat(ids.Select(decoder.Append)) + decoder.Flush();
            Assert.Equal(Tokenizer.Decode(ids, skip), streamed);
        }

        float[] log = Array.ConvertAll(ids, id => id % 7 == 0 ? float.NegativeInfinity : -(id & 15));
        foreach (ParsedBox box in new AnswerParser(Tokenizer, Tokens).Parse(ids, log))
        {
            Assert.InRange(box.Top, 0, box.Bottom);
            Assert.InRange(box.Bottom, 0, 1023);
            Assert.InRange(box.Left, 0, box.Right);
            Assert.InRange(box.Right, 0, 1023);
            Assert.InRange(box.Score, 0, 1);
            Assert.True(box.MaskCodes is null || box.MaskCodes.All(code => code is >= 0 and < 128));
        }
        return true;
    }
}

/// <summary>Lines of a batch's work list: a bad line is an item with a fault, and missing pictures are errors.</summary>
internal sealed class ManifestTarget : FuzzTarget
{
    public override string Name => "manifest";

    public override Type Rejection => typeof(IOException); // for an input without any line

    protected override Func<byte[], Random, byte[], byte[]> Structured => MutateJson;

    // A line of one character is an item too. Items are made one at a time; this is their total memory.
    public override long MostAllocation(int inputBytes) => 512L * inputBytes + (1 << 20);

    protected override IEnumerable<Seed> MakeSeeds() =>
    [
        new("path", "photos/a.jpg\n\nb.png\n"u8.ToArray()),
        new("object", """{"id": 7, "image": "a.jpg", "task": "detect", "things": "cat ; dog", "lang": "en"}"""u8.ToArray()),
        new("lists", """
            {"id": "x", "images": ["a.jpg", "b.png"], "task": "ask", "question": "what\u003f", "prompt": null, "things": ["cat"]}
            """u8.ToArray()),
    ];

    public override bool Use(byte[] bytes)
    {
        WorkList list;
        try
        {
            list = new WorkList(["-"], new PipedInput(() => new MemoryStream(bytes), "standard input"));
        }
        catch (UsageException)
        {
            return false; // bytes that no list has
        }

        bool good = true;
        long count = 0;
        foreach (WorkItem item in list.Items(0, 1))
        {
            Assert.Equal(count++, item.Index);
            good &= item.Fault is null;
            Assert.True(item.Fault is null == item.Images.Count > 0);
            if (count <= 4)
                Assert.Throws<ImageFormatException>(() => ImageFile.Load(Path.Combine(Folder, "none", item.Images.FirstOrDefault("none"))));
        }
        Assert.Equal(list.Count, count);
        return good;
    }
}
