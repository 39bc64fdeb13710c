using System.Text;
using VlmSharp.Tasks.Masks;
using VlmSharp.Training.Data;

namespace VlmSharp.Fuzz.Tests.Targets;

/// <summary>Training data of every form: a bad line is recorded or an error, and every example that is read can be used.</summary>
internal sealed class TrainingDataTarget : FuzzTarget
{
    public override string Name => "training-data";

    public override Type Rejection => typeof(TrainingDataException);

    protected override Func<byte[], Random, byte[], byte[]> Structured => MutateJson;

    // A line of two bytes is a bad line with a message, which is kept.
    public override long MostAllocation(int inputBytes) => 2048L * inputBytes + (4 << 20);

    protected override IEnumerable<Seed> MakeSeeds() => ((string[])[
        """{"image": "a.jpg", "prefix": "detect cat", "suffix": "<loc0001><loc0002><loc0003><loc0004> cat"}""" + "\n"
            + """{"id": 4, "images": ["a.jpg", "b.jpg"], "suffix": ["1", "2"]}""",
        """{"image": "a.jpg", "text": "a cat"}""" + "\n\n" + """{"image": "a.jpg", "text": null}""",
        """{"image": "a.jpg", "question": "how many?", "answer": "2"}""",
        """{"images": ["a.jpg"], "messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "why?"}]},"""
            + """ {"role": "assistant", "content": "so"}]}""",
        """{"data_subtype": "val", "questions": [{"image_id": 9, "question": "what?", "question_id": 91}],"""
            + """ "annotations": [{"question_id": 91, "answers": [{"answer": "cat"}]}]}""",
        """{"images": [{"id": 3, "file_name": "d.jpg", "width": 5, "height": 6}], "annotations": [{"image_id": 3, "caption": "a dog"}]}""",
        """
        {"images": [{"id": 5, "file_name": "a.png", "width": 20, "height": 10}], "categories": [{"id": 2, "name": "cat"}],
         "annotations": [{"image_id": 5, "category_id": 2, "bbox": [2, 1, 10, 5], "iscrowd": 0, "segmentation": [[2, 1, 12, 1, 12, 6]]},
                         {"image_id": 5, "category_id": 2, "bbox": [0, 0, 9.5, 10],
                          "segmentation": {"size": [10, 20], "counts": "d0n0f4"}}]}
        """,
    ]).Select((text, i) => new Seed($"form {i}", Encoding.UTF8.GetBytes(text)));

    public override bool Use(byte[] bytes)
    {
        string path = Write(bytes);
        // Here the answers of VQA are in the same file. A format that is given explicitly also gets files that would not be detected as it.
        DataFormat? format = bytes.Length % 5 == 0 ? (DataFormat)(bytes.Length / 5 % 7) : null;
        var options = new DataOptions { SkipBad = bytes.Length % 3 > 0, Format = format, Annotations = path };
        using TrainingData data = TrainingData.Open(path, options);
        Assert.Equal(64, data.Fingerprint.Length);
        for (int i = 0; i < data.Count; i++)
        {
            TrainingExample example = data[i];
            Assert.NotEmpty(example.Images);
            Assert.NotEmpty(example.Suffixes);
            Assert.NotNull(example.Prefix);
        }

        foreach (DataFault fault in data.Faults) Assert.DoesNotContain(fault.ToString(), char.IsControl);
        return true;
    }
}

/// <summary>Masks of COCO in all their forms.</summary>
internal sealed class CocoMaskTarget : FuzzTarget
{
    public override string Name => "coco-masks";

    public override Type Rejection => typeof(TrainingDataException);

    protected override Func<byte[], Random, byte[], byte[]> Structured => MutateJson;

    public override long MostAllocation(int inputBytes) => 2048L * inputBytes + (64 << 20); // an outline has up to 4 million points

    protected override IEnumerable<Seed> MakeSeeds() => ((string[])[
        "[[2, 1, 12, 1, 12, 6]]", "[[0, 0, 3.5, 0, 3, 4.25, 0, 4], [5, 3, 30, 3, 30, 30]]",
        """{"size": [10, 20], "counts": [20, 30, 150]}""",
        $$"""{"size": [10, 20], "counts": "{{new RunLengthMask(20, 10, [20, 30, 150]).ToCompressed()}}"}""",
    ]).Select((text, i) => new Seed($"mask {i}", Encoding.UTF8.GetBytes(text)));

    public override bool Use(byte[] bytes)
    {
        try
        {
            Assert.All(JsonFields.Parse(bytes, shape => CocoMask.Draw(shape, 20, 10)).Pixels, pixel => Assert.True(pixel is 0 or 255));
            return true;
        }
        catch (FormatException e)
        {
            Assert.DoesNotContain(e.Message, char.IsControl);
            return false; // readers report it with its place
        }
    }
}
