namespace VlmSharp.Adapters;

/// <summary>
/// Names some of a model's linear layers, as PEFT's <c>target_modules</c> does: a list of endings of dotted names
/// (<c>q_proj</c> is every layer's), a regular expression that a whole name must match, or all of them.
/// </summary>
public sealed record ModulePattern
{
    /// <summary>The word for every linear layer but the head.</summary>
    public const string AllLinear = "all-linear";

    private ModulePattern(IReadOnlyList<string> names, string? expression) => (Names, Expression) = (names, expression);

    /// <summary>Names or their endings; none where it is an expression.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The regular expression or <see cref="AllLinear"/>, or null where it is a list.</summary>
    public string? Expression { get; }

    /// <summary>A list.</summary>
    /// <param name="names">Names, or what dotted names end in.</param>
    /// <returns>The pattern.</returns>
    public static ModulePattern OfNames(params IReadOnlyList<string> names) => new([.. names], null);

    /// <summary>A regular expression, or <see cref="AllLinear"/>.</summary>
    /// <param name="expression">The expression.</param>
    /// <returns>The pattern.</returns>
    public static ModulePattern OfExpression(string expression) => new([], expression);

    /// <summary>As a command line gives it: <c>all-linear</c>, names with commas between them, or else a regular expression.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The pattern.</returns>
    public static ModulePattern Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool isList = text != AllLinear && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ',' or ' ');
        return isList ? OfNames(text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) : OfExpression(text);
    }

    /// <summary>The list with commas, or the expression.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Expression ?? string.Join(',', Names);
}
