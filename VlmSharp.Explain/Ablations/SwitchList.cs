using VlmSharp.Compute;
using VlmSharp.Explain.Ablations.Switches;
using VlmSharp.Models;
using static System.FormattableString;

namespace VlmSharp.Explain.Ablations;

/// <summary>The switches of a model. A soft-cap is on the list only if the model's architecture has one.</summary>
/// <param name="config">Gives the number of layers and heads, and says whether there are soft-caps.</param>
/// <param name="options">What is on in the whole model.</param>
internal sealed class SwitchList(PaliGemmaConfig config, ModelOptions options)
{
    private const string OtherPictureName = "other-picture";

    /// <summary>The switches that the options select, in the order of the list.</summary>
    /// <exception cref="RequestException">No switch has a given name, or there is no other picture for the switch that needs
    /// one.</exception>
    public IReadOnlyList<AblationSwitch> Choose(AblationOptions asked)
    {
        AblationSwitch[] all = [.. OfModel(), .. Layers(), .. Heads()];
        if (asked.Only is not { Count: > 0 } only)
        {
            return [.. all.Where(s => s.Scope == AblationScope.Model ? s.Wrap is not null || asked.OtherImage is not null : IsGroup(s))];
        }

        foreach (string name in only.Where(name => !all.Any(s => IsNamed(s, name))))
            throw Wrong($"{MessageText.Quote(name)}: this model has no such switch; it has {Names()}.");
        AblationSwitch[] chosen = [.. all.Where(s => only.Any(name => IsNamed(s, name)) || IsGroup(s))];
        return asked.OtherImage is not null || chosen.All(s => s.Wrap is not null) ? chosen
            : throw Wrong($"{OtherPictureName}: there is no other picture to answer from; give one.");

        bool IsGroup(AblationSwitch s) => s.Scope switch
        {
            AblationScope.Layer => asked.Layers,
            AblationScope.Head => asked.Heads,
            _ => false,
        };
    }

    /// <summary>Every switch of the whole model.</summary>
    private IEnumerable<AblationSwitch> OfModel()
    {
        yield return Of("causal", "causal mask", """
            The model was trained to let every token of picture and question see every other one; only its answer is causal
            (prefix-LM). Here a token sees only those before it, as in an ordinary language model: no patch sees the question or a
            later patch.
            """, "i sees j  iff  j < max(p, i + 1)   →   i sees j  iff  j < i + 1", b => new CausalMask(b));
        yield return Of("no-picture", "no picture", """
            The picture's tokens are zeros when they enter the decoder. What is left is what the language model says from the prompt
            alone: its prior.
            """, "x[i] = P · patch i + bias   →   x[i] = 0", b => new NoPicture(b));
        yield return new(OtherPictureName, "another picture", """
            The prompt stays and the picture is another one. If the answer stays too, it was not read from the picture. If it
            changes, the log-probability says how sure the picture had made the model.
            """, "answer(picture, prompt)   →   answer(another picture, prompt)",
            "VlmSharp.Explain/Ablations/AblationRun.cs", wrap: null);
        yield return Of("no-positions", "no positions", """
            Every token of the decoder stands at position 0, so the rotary embedding turns nothing and the prompt is a bag of words.
            The patches still know their places: the encoder has a position embedding of its own, which stays.
            """, "q · k turned by (m − n) θ   →   q · k", b => new NoPositions(b));
        yield return Of("open-gate", "gates open", """
            The MLP of a layer multiplies each of its inner numbers by a gate, gelu of a second product. Here every gate is open in
            every layer: the factor is 1, and the MLP is linear. It can no longer do one thing for one token and another thing for
            another.
            """, "gelu(x Wg) · (x Wu)   →   x Wu", b => new OpenGate(b));
        yield return Of("no-embedding-scale", "no embedding scale", Invariant($"""
            Gemma multiplies the rows of its embedding table by the square root of their width, here {config.EmbeddingScale:0.0},
            before the first layer; the picture's rows enter as they are. Without this factor the words are that much too small
            compared with the picture. Ports of the model often forget it.
            """), "x[i] = √h · E[id i]   →   x[i] = E[id i]", b => new NoEmbeddingScale(b));
        foreach (AblationSwitch softCap in SoftCaps()) yield return softCap;
    }

    /// <summary>Gemma 2's soft-caps, each changed from on to off or from off to on.</summary>
    private IEnumerable<AblationSwitch> SoftCaps()
    {
        if (config.Text.AttentionSoftCap is > 0 and var scores)
        {
            bool on = options.AttentionSoftCap;
            yield return Of("attention-softcap", $"attention soft-cap {(on ? "off" : "on")}", Invariant($"""
                Gemma 2 bends the scores of attention before softmax, so that none exceeds {scores:0.#}. It was trained this way; some
                runtimes leave it out.
                """), Turned("s = c · tanh(q · k / c)", "s = q · k", on), b => new AttentionSoftCap(b, on ? 0 : scores));
        }

        if (config.Text.FinalSoftCap is > 0 and var logits)
        {
            bool on = options.FinalSoftCap;
            yield return Of("final-softcap", $"final soft-cap {(on ? "off" : "on")}", Invariant($"""
                Gemma 2 has a soft-cap of {logits:0.#} on its logits too. It keeps their order, so the likeliest token stays; only
                how sure the model seems changes. Runtimes differ in whether they apply it.
                """), Turned("y = c · tanh(E n / c)", "y = E n", on), b => new FinalSoftCap(b, on ? 0 : logits));
        }
    }

    private IEnumerable<AblationSwitch> Layers() =>
        from i in Enumerable.Range(0, config.Text.Layers)
        select Of($"layer.{i}", $"layer {i} skipped", $"""
            Layer {i} passes on its input: neither its attention nor its MLP adds anything.
            """, "y = x + Attention + FeedForward   →   y = x", b => new SkippedLayer(b, i), i);

    private IEnumerable<AblationSwitch> Heads() =>
        from i in Enumerable.Range(0, config.Text.Layers)
        from h in Enumerable.Range(0, config.Text.Heads)
        select Of($"head.{i}.{h}", $"head {h} of layer {i} silenced", $"""
            What head {h} of layer {i} has fetched is set to zero; the layer's other heads and its MLP stay.
            """, "y[h] = Σ p[j] v[j]   →   y[h] = 0", b => new SilencedHead(b, i, h), i, h);

    private string Names()
    {
        int layer = config.Text.Layers - 1, head = config.Text.Heads - 1;
        return $"{string.Join(", ", OfModel().Select(s => s.Name))}, layer.0 to layer.{layer}, head.0.0 to head.{layer}.{head}";
    }

    private static AblationSwitch Of<T>(
        string name, string title, string meaning, string equation, Func<IComputeBackend, T> wrap, int? layer = null, int? head = null)
        where T : IComputeBackend
    {
        string source = $"VlmSharp.Explain/Ablations/Switches/{typeof(T).Name}.cs";
        return new AblationSwitch(name, title, meaning, equation, source, b => wrap(b)) { Layer = layer, Head = head };
    }

    private static RequestException Wrong(string message) => new($"only {message}") { Parameter = "only" };

    private static string Turned(string with, string without, bool on) => on ? $"{with}   →   {without}" : $"{without}   →   {with}";

    private static bool IsNamed(AblationSwitch s, string name) =>
        s.Name == name || s.Name.StartsWith(name + ".", StringComparison.Ordinal);
}
