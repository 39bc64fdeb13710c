using VlmSharp.Compute;

namespace VlmSharp.Explain.Ablations;

/// <summary>What a switch turns off.</summary>
public enum AblationScope
{
    /// <summary>A part that all layers share, or something outside of them.</summary>
    Model,

    /// <summary>A decoder layer.</summary>
    Layer,

    /// <summary>A query head of a decoder layer.</summary>
    Head,
}

/// <summary>One part of the model that can be switched off: its name, its purpose, and how its equation changes.</summary>
public sealed record AblationSwitch
{
    internal AblationSwitch(
        string name, string title, string meaning, string equation, string source, Func<IComputeBackend, IComputeBackend>? wrap)
    {
        (Name, Title, Meaning) = (name, title, meaning.ReplaceLineEndings(" "));
        (Equation, Source, Wrap) = (equation, source, wrap);
    }

    /// <summary>Its name on a command line, for instance <c>causal</c>, <c>layer.2</c>, <c>head.2.0</c>.</summary>
    public string Name { get; }

    /// <summary>What is changed, in a few words.</summary>
    public string Title { get; }

    /// <summary>What the part is for and what the switch does to it, in a few sentences.</summary>
    public string Meaning { get; }

    /// <summary>The equation before and after, in plain characters.</summary>
    public string Equation { get; }

    /// <summary>The source file of the part, from the repository's root.</summary>
    public string Source { get; }

    /// <summary>What it turns off.</summary>
    public AblationScope Scope => Head is not null ? AblationScope.Head : Layer is not null ? AblationScope.Layer : AblationScope.Model;

    /// <summary>The decoder layer, from 0; null for a switch of the whole model.</summary>
    public int? Layer { get; internal init; }

    /// <summary>The query head, from 0; null unless <see cref="Scope"/> is <see cref="AblationScope.Head"/>.</summary>
    public int? Head { get; internal init; }

    /// <summary>Wraps the model's backend; null where the request changes instead.</summary>
    internal Func<IComputeBackend, IComputeBackend>? Wrap { get; }
}
