namespace VlmSharp.Adapters;

/// <summary>
/// Selects some of a model's linear layers, as PEFT's <c>target_modules</c> does: by a list of names or of their last parts (<c>q_proj</c>
/// selects it in every layer), by a regular expression that must match a whole name, or all of them.
/// </summary>
public sealed record ModulePattern
{
    /// <summary>The word that selects every linear layer except the head.</summary>
    public const string AllLinear = "all-linear";

    private ModulePattern(IReadOnlyList<string> names, string? expression) => (Names, Expression) = (names, expression);

    /// <summary>Names or their last parts; empty if the pattern is an expression.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The regular expression or <see cref="AllLinear"/>, or null if the pattern is a list.</summary>
    public string? Expression { get; }

    /// <summary>A pattern from a list.</summary>
    /// <param name="names">Names or the last parts of dotted names.</param>
    /// <returns>The pattern.</returns>
    public static ModulePattern OfNames(params IReadOnlyList<string> names) => new([.. names], null);

    /// <summary>A pattern from a regular expression or <see cref="AllLinear"/>.</summary>
    /// <param name="expression">Must match the whole name of a layer, as PEFT does it. It is checked when it is used.</param>
    /// <returns>The pattern.</returns>
    public static ModulePattern OfExpression(string expression) => new([], expression);

    /// <summary>Parses an argument of the command line: <c>all-linear</c>, names separated by commas, or a regular expression.</summary>
    /// <param name="text">The argument; anything else than names and commas is an expression.</param>
    /// <returns>The pattern.</returns>
    public static ModulePattern Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool isList = text != AllLinear && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ',' or ' ');
        return isList
            ? OfNames(text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            : OfExpression(text);
    }

    /// <summary>The names separated by commas, or the expression.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Expression ?? string.Join(',', Names);
}
