using VlmSharp.Cli.Evaluations;
using VlmSharp.Conformance;
using VlmSharp.Evaluation.Runs;

namespace VlmSharp.Cli.Tests.Evaluations;

/// <summary>What makes two evaluations the same run.</summary>
public sealed class EvaluationWorkTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Another_picture_of_the_same_name_is_other_work()
    {
        string image = folder.At("0001.jpg");
        var work = new EvaluationWork([new EvaluationItem("1", [image], "caption en", [])], []);
        string missing = work.Fingerprint();
        File.WriteAllBytes(image, new byte[3]);
        string small = work.Fingerprint();
        File.WriteAllBytes(image, new byte[4]);
        Assert.Equal(3, new[] { missing, small, work.Fingerprint() }.Distinct().Count());
        Assert.Equal(work.Fingerprint(), work.Fingerprint());
    }
}
