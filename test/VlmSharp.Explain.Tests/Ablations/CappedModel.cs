using VlmSharp.Conformance;

namespace VlmSharp.Explain.Tests.Ablations;

/// <summary>A golden model as it is, and <c>pg2</c> with a soft-cap on its logits, which its config.json has not.</summary>
internal sealed class CappedModel : IDisposable
{
    private readonly TemporaryFolder? copy;

    public CappedModel(string kind)
    {
        Folder = GoldenFiles.PathOf("models", kind);
        if (kind != "pg2") return;
        copy = new TemporaryFolder();
        copy.CopyFrom(Folder);
        string config = File.ReadAllText(copy.At("config.json"));
        string capped = config.Replace("\"final_logit_softcapping\": null", "\"final_logit_softcapping\": 2.0", StringComparison.Ordinal);
        Assert.NotEqual(config, capped);
        File.WriteAllText(copy.At("config.json"), capped);
        Folder = copy.Path;
    }

    public string Folder { get; }

    public void Dispose() => copy?.Dispose();
}
