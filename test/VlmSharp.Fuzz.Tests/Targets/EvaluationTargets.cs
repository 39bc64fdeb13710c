using System.Text;
using VlmSharp.Evaluation.Boxes;
using VlmSharp.Training.Data;

namespace VlmSharp.Fuzz.Tests.Targets;

/// <summary>COCO's detections and instances, one of them damaged: refused with a sentence, or finite figures.</summary>
internal sealed class DetectionFilesTarget : FuzzTarget
{
    private const string Found = """
        [{"image_id": 1, "category_id": 5, "bbox": [0, 0, 10, 10], "score": 0.5},
         {"image_id": "2", "category_id": 5, "bbox": [1, 1, 40, 40.5], "score": 1}]
        """;

    private const string Truth = """
        {"images": [{"id": 1}, {"id": "2"}], "categories": [{"id": 5, "name": "cat"}], "annotations": [
          {"image_id": 1, "category_id": 5, "bbox": [0, 0, 10, 12]},
         {"image_id": 2, "category_id": 5, "bbox": [0, 0, 100, 100], "area": 5000, "iscrowd": 1},
          {"image_id": 2, "category_id": 5, "bbox": [0, 0, 42, 40]}]}
        """;

    public override string Name => "detection-files";

    public override Type Rejection => typeof(TrainingDataException);

    protected override Func<byte[], Random, byte[], byte[]> Structured => MutateJson;

    public override long MostAllocation(int inputBytes) => 2048L * inputBytes + (4 << 20);

    protected override IEnumerable<Seed> MakeSeeds() =>
        [new Seed("detections", Encoding.UTF8.GetBytes(Found)), new Seed("instances", Encoding.UTF8.GetBytes(Truth))];

    public override bool Use(byte[] bytes)
    {
        bool isList = bytes.AsSpan().TrimStart(" \r\n\t"u8) is [(byte)'[', ..];
        string given = Write(bytes), other = Write(Encoding.UTF8.GetBytes(isList ? Truth : Found), "sound-file");
        CocoDetectionFiles files = isList ? CocoDetectionFiles.Read(given, other) : CocoDetectionFiles.Read(other, given);
        Assert.All(files.Metric.Scores().Named, figure => Assert.True(figure.Value is -1 or (>= 0 and <= 1), $"{figure}"));
        Assert.All(files.Metric.Categories, category => Assert.NotNull(files.NameOf(category)));
        return true;
    }
}
