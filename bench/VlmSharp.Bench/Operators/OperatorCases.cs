using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Bench.Operators;

/// <summary>Every operator of the decoder and the encoder, each named once.</summary>
internal static class OperatorCases
{
    private const float Epsilon = 1e-6f;
    private const int Patch = 14, Side = 224, Channels = 3;

    /// <summary>All operators at some sizes.</summary>
    public static IEnumerable<OperatorCase> Of(OperatorSizes s) => [.. Products(s), .. Attentions(s), .. Rows(s), .. Choices(s)];

    private static IEnumerable<OperatorCase> Products(OperatorSizes s)
    {
        int q = s.Heads * s.HeadDim, kv = s.KvHeads * s.HeadDim;
        foreach (DType format in new[] { DType.BF16, DType.Int8, DType.Int4 }.Where(f => f.Fits(s.Mlp) && f.Fits(s.Hidden)))
        {
            yield return Product($"Linear, {format}", s, format, s.Mlp, s.Hidden, i =>
            {
                (Matrix x, Matrix residual, Func<Weight> w) =
                    (i.Numbers(s.Rows, s.Mlp), i.Numbers(s.Rows, s.Hidden), i.Ring(format, s.Hidden, s.Mlp));
                return () => i.Backend.Linear(x, w(), residual: residual); // [T, h]
            });
            yield return Product($"GatedLinear, {format}", s, format, s.Hidden, 2 * s.Mlp, i =>
            {
                (Matrix x, Func<Weight> gate, Func<Weight> up) =
                    (i.Numbers(s.Rows, s.Hidden), i.Ring(format, s.Mlp, s.Hidden), i.Ring(format, s.Mlp, s.Hidden));
                return () => i.Backend.GatedLinear(x, gate(), up()); // [T, mlp]
            });
            yield return Product($"NormedGatedLinear, {format}", s, format, s.Hidden, 2 * s.Mlp, i =>
            {
                (Matrix x, Weight norm) = (i.Numbers(s.Rows, s.Hidden), i.Weight(DType.F32, 1, s.Hidden));
                (Func<Weight> gate, Func<Weight> up) = (i.Ring(format, s.Mlp, s.Hidden), i.Ring(format, s.Mlp, s.Hidden));
                return () => i.Backend.NormedGatedLinear(x, norm, Epsilon, gate(), up()); // [T, mlp]
            });
            foreach (bool queries in new[] { true, false })
                yield return Product($"QueryKeyValue{(queries ? "" : ", keys and values")}, {format}", s, format, s.Hidden, q + 2 * kv, i =>
                {
                    (Matrix x, Weight norm, Func<Weight> query) =
                        (i.Numbers(s.Rows, s.Hidden), i.Weight(DType.F32, 1, s.Hidden), i.Ring(format, q, s.Hidden));
                    (Func<Weight> key, Func<Weight> value) = (i.Ring(format, kv, s.Hidden), i.Ring(format, kv, s.Hidden));
                    Matrix angles = i.Own(i.Backend.RotaryAngles(i.CachedStep(s), s.HeadDim, 10000, 1)); // [T, D]
                    return () =>
                    {
                        (Matrix rotated, Matrix k, Matrix v) = i.Backend.QueryKeyValue(x, norm, Epsilon, query(), key(), value(), angles);
                        using (k)
                        using (v)
                        using (rotated) return queries ? rotated.Retain() : i.Backend.JoinRows([k, v]); // [T, H D] or [2 T, K D]
                    };
                });
        }

        yield return Product("LinearRows, BF16", s, DType.BF16, s.Hidden, s.Vocabulary / 2, i =>
        {
            (Matrix x, Weight w) = (i.Numbers(s.Rows, s.Hidden), i.Weight(DType.BF16, s.Vocabulary, s.Hidden));
            Indices places = i.Places(Enumerable.Range(0, s.Vocabulary / 2).Select(n => 2 * n));
            return () => i.Backend.LinearRows(x, w, places); // [T, V / 2]
        });
        if (s.IsDecode) yield break;
        yield return new OperatorCase("PatchEmbed, BF16", s, i =>
        {
            int patches = Side / Patch * (Side / Patch), inputs = Channels * Patch * Patch;
            (Matrix pixels, Weight kernel, Weight bias) =
                (i.Numbers(1, Channels * Side * Side), i.Weight(DType.BF16, s.Hidden, inputs), i.Weight(DType.BF16, 1, s.Hidden));
            Weight positions = i.Weight(DType.BF16, patches, s.Hidden);
            return () => i.Backend.PatchEmbed(pixels, kernel, bias, positions, Patch); // [patches, h]
        })
        { NarrowBound = 0.03 };
    }

    private static OperatorCase Product(
        string name, OperatorSizes s, DType format, int inputs, int outputs, Func<OperatorInputs, Func<Matrix>> prepare) =>
        new(name, s, prepare)
        {
            Bytes = format.ByteLength(outputs, inputs),
            Flops = 2.0 * s.Rows * inputs * outputs,
            NarrowBound = name.Contains("Gated", StringComparison.Ordinal) ? 0.06 : 0.03,
        };

    private static IEnumerable<OperatorCase> Attentions(OperatorSizes s)
    {
        var spec = new AttentionSpec(s.Heads, s.KvHeads, s.HeadDim, 1 / MathF.Sqrt(s.HeadDim));
        int q = s.Heads * s.HeadDim, kv = s.KvHeads * s.HeadDim, visible = s.IsDecode ? s.Context + 1 : s.Rows;
        double flops = 4.0 * s.Rows * visible * q, bytes = s.IsDecode ? 2.0 * 2 * s.Rows * visible * kv : 0;
        yield return new OperatorCase("CachedAttention", s, i =>
        {
            (StepTable step, Matrix queries) = (i.CachedStep(s), i.Numbers(s.Rows, q));
            return () => i.Backend.CachedAttention(queries, step, 0, spec); // [T, H D]
        })
        { Flops = flops, Bytes = bytes, NarrowBound = 0.05 };
        if (s.IsDecode) yield return new OperatorCase("CopyKeyValues, CachedAttention", s, i =>
        {
            (StepTable step, Matrix queries, Matrix own, var batch) =
                (i.CachedStep(s), i.Numbers(s.Rows, q), i.Numbers(s.Rows, kv), new SequenceBatch());
            KvCache[] sources = [.. step.Batch.Slices.ToArray().Select(slice => slice.Cache!)],
                copies = [.. sources.Select(_ => i.Cache(s))];
            foreach (KvCache copy in copies) copy.Grow(s.Context); // their contents are copied below
            foreach (KvCache copy in copies) batch.Add(1, s.Context, copy);
            StepTable copied = i.Backend.Prepare(batch);
            i.Backend.AppendKeyValues(own, own, copied, 0);
            return () =>
            {
                for (int n = 0; n < copies.Length; n++) i.Backend.CopyKeyValues(sources[n], copies[n], 0, s.Context);
                return i.Backend.CachedAttention(queries, copied, 0, spec); // [T, H D]
            };
        })
        { NarrowBound = 0.05 };
        yield return new OperatorCase("AppendKeyValues", s, i =>
        {
            (StepTable step, Matrix k) = (i.CachedStep(s), i.Numbers(s.Rows, kv));
            return () =>
            {
                i.Backend.AppendKeyValues(k, k, step, 0);
                return default;
            };
        });
        if (s.IsDecode) yield break;
        yield return new OperatorCase("Attention", s, i =>
        {
            var batch = new SequenceBatch();
            batch.Add(s.Rows, s.Rows);
            (Matrix queries, Matrix k, Matrix v, StepTable step) =
                (i.Numbers(s.Rows, q), i.Numbers(s.Rows, kv), i.Numbers(s.Rows, kv), i.Backend.Prepare(batch));
            return () => i.Backend.Attention(queries, k, v, step, spec); // [T, H D]
        })
        { Flops = flops, NarrowBound = 0.05 };
    }

    private static IEnumerable<OperatorCase> Rows(OperatorSizes s)
    {
        double words = sizeof(float) * (double)s.Rows * s.Hidden;
        yield return Row("RmsNorm", i =>
        {
            (Matrix x, Matrix residual, Weight w) =
                (i.Numbers(s.Rows, s.Hidden), i.Numbers(s.Rows, s.Hidden), i.Weight(DType.F32, 1, s.Hidden));
            return () => i.Backend.RmsNorm(x, w, Epsilon, residual);
        }, 3);
        yield return Row("LayerNorm", i =>
        {
            (Matrix x, Weight w, Weight bias) =
                (i.Numbers(s.Rows, s.Hidden), i.Weight(DType.F32, 1, s.Hidden), i.Weight(DType.F32, 1, s.Hidden));
            return () => i.Backend.LayerNorm(x, w, bias, Epsilon);
        }, 2);
        yield return Row("RotaryAngles, Rope", i =>
        {
            (StepTable step, Matrix x) = (i.CachedStep(s), i.Numbers(s.Rows, s.Heads * s.HeadDim));
            return () =>
            {
                using Matrix angles = i.Backend.RotaryAngles(step, s.HeadDim, 10000, 1); // [T, D]
                return i.Backend.Rope(x, angles); // [T, H D]
            };
        }, 0);
        yield return Row("SelectRows", i =>
        {
            (Matrix x, Indices places) = (i.Numbers(s.Rows, s.Hidden), i.Places(Enumerable.Range(0, s.Rows).Reverse()));
            return () => i.Backend.SelectRows(x, places);
        }, 2);
        yield return Row("ReplaceRows", i =>
        {
            (Matrix x, Matrix rows, Indices places) = (i.Numbers(s.Rows, s.Hidden), i.Numbers(1, s.Hidden), i.Places([s.Rows - 1]));
            return () => i.Backend.ReplaceRows(x, rows, places);
        }, 2);
        yield return Row("JoinRows", i =>
        {
            (Matrix x, Matrix y) = (i.Numbers(s.Rows, s.Hidden), i.Numbers(3, s.Hidden));
            return () => i.Backend.JoinRows([x, y]);
        }, 2);
        yield return Row("Embed, BF16", i =>
        {
            Weight table = i.Weight(DType.BF16, s.Vocabulary, s.Hidden);
            Indices ids = i.Places(Enumerable.Range(0, s.Rows).Select(t => (int)(31L * t % s.Vocabulary)));
            return () => i.Backend.Embed(table, ids, 3);
        }, 1.5);

        OperatorCase Row(string name, Func<OperatorInputs, Func<Matrix>> prepare, double matrices) => new(name, s, prepare)
        {
            Bytes = matrices * words,
            // the result is an operand of a product, so it is kept in bf16
            NarrowBound = name == "LayerNorm" ? 0.02 : OperatorCase.WideBound,
        };
    }

    private static IEnumerable<OperatorCase> Choices(OperatorSizes s)
    {
        if (!s.IsDecode) yield break;
        double words = sizeof(float) * (double)s.Rows * s.Vocabulary;
        yield return new OperatorCase("SoftCap", s, i =>
        {
            Matrix logits = i.Numbers(s.Rows, s.Vocabulary);
            return () => i.Backend.SoftCap(logits, 0.5f);
        })
        { Bytes = 2 * words };
        yield return new OperatorCase("LogSoftmax", s, i =>
        {
            Matrix logits = i.Numbers(s.Rows, s.Vocabulary);
            return () => i.Backend.LogSoftmax(logits);
        })
        { Bytes = 3 * words };
        yield return Choice("Choose, greedy", new TokenRule());
        yield return Choice(
            "Choose, top-k and top-p", new TokenRule { IsSampling = true, Temperature = 0.7f, TopK = 40, TopP = 0.9f, Seed = 5 });

        OperatorCase Choice(string name, TokenRule rule) => new(name, s, i =>
        {
            (Matrix logits, StepTable step, var rules) =
                (i.Numbers(s.Rows, s.Vocabulary), i.CachedStep(s), new ChoiceRules(Enumerable.Repeat(rule, s.Rows)));
            return () => i.Backend.Choose(logits, step, rules); // [B, 2]
        })
        { Bytes = words, IsChoice = true };
    }
}
