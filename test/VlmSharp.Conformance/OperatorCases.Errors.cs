using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Conformance;

/// <summary>Mis-shaped arguments: the message names the operator and both shapes.</summary>
public abstract partial class BackendConformance
{
    [BackendFact]
    public void MisshapedArguments()
    {
        using Matrix x = Backend.Allocate(2, 6), y = Backend.Allocate(3, 7), five = Backend.Allocate(2, 5);
        using Weight w = Backend.LoadWeight(Parameter("proj.weight", DType.BF16, 4, 5));
        using Weight v = Backend.LoadWeight(Vector("norm", 5)), six = Backend.LoadWeight(Vector("six", 6));
        SequenceBatch batch = new();
        batch.Add(2, 0);
        Fails(() => Backend.Linear(x, w), "Linear", "[2, 6]", "proj.weight BF16 [4, 5]");
        Fails(() => Backend.LinearRows(x, w, [0]), "LinearRows", "[2, 6]", "proj.weight BF16 [4, 5]");
        Fails(() => Backend.LinearRows(five, w, [3, 4]), "LinearRows", "row 4 is outside of 4 rows");
        Fails(() => Backend.GatedLinear(x, w, w), "GatedLinear", "[2, 6]", "[4, 5]");
        Fails(() => Backend.LayerNorm(x, v, v, 1e-6f), "LayerNorm", "[2, 6]", "norm F32 [1, 5]");
        Fails(() => Backend.RmsNorm(x, v, 1e-6f), "RmsNorm", "[2, 6]", "[1, 5]");
        Fails(() => Backend.RmsNorm(x, six, 1e-6f, y), "RmsNorm", "[2, 6]", "[3, 7]");
        Fails(() => Backend.Rope(x, y), "Rope", "[2, 6]", "[3, 7]");
        Fails(() => Backend.RotaryAngles(batch, 3, 10000, 0), "RotaryAngles", "3");
        Fails(() => Backend.Attention(x, y, y, batch, new AttentionSpec(1, 1, 6, 1)), "Attention", "[2, 6]", "[3, 7]");
        Fails(() => Backend.CachedAttention(x, batch, 0, new AttentionSpec(1, 1, 6, 1)), "no KV cache");
        using KvCache full = Backend.CreateKvCache(1, 6, 4), small = Backend.CreateKvCache(1, 6, 1), wide = Backend.CreateKvCache(1, 7, 4);
        SequenceBatch cached = new();
        cached.Add(2, 0, full);
        Backend.AppendKeyValues(x, x, cached, 0);
        cached.Advance();
        Fails(() => small.CopyFrom(Backend, full, 0), "CopyKeyValues", "1 tokens");
        Fails(() => wide.CopyFrom(Backend, full, 0), "CopyKeyValues", "width 7");
        Fails(() => Backend.CopyKeyValues(full, wide, 1, 3), "CopyKeyValues", "1 + 3 of 2");
        Fails(() => Backend.AttentionWeights(x, batch, 0, new AttentionSpec(1, 1, 6, 1), [0]), "no KV cache");
        Fails(() => Backend.AttentionWeights(x, batch, 0, new AttentionSpec(1, 1, 6, 1), [2]), "AttentionWeights", "2");
        Fails(() => Backend.Embed(w, [4], 1), "Embed", "4", "proj.weight");
        Fails(() => Backend.SelectRows(x, [2]), "SelectRows", "2");
        Fails(() => Backend.ReplaceRows(x, y, [0]), "ReplaceRows", "[2, 6]", "[3, 7]");
        Fails(() => Backend.SoftCap(x, 0), "SoftCap", "0");
        Fails(() => Backend.Upload([1, 2, 3], 2, 2), "Upload", "3", "[2, 2]");
    }

    [BackendFact]
    public void TensorsAreNotUsedAfterDisposal()
    {
        Matrix x = Backend.Allocate(1, 4);
        x.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Backend.SoftCap(x, 1));
    }

    private static void Fails(Action action, params string[] parts)
    {
        string message = Assert.ThrowsAny<ArgumentException>(action).Message;
        foreach (string part in parts) Assert.Contains(part, message);
    }

    private static void Fails(Func<Matrix> action, params string[] parts) => Fails(() => { action().Dispose(); }, parts);
}
