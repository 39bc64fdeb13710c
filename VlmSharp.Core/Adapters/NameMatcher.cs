using System.Diagnostics;
using System.Text.RegularExpressions;

namespace VlmSharp.Adapters;

/// <summary>
/// Matches names against an adapter's regular expressions. They come from a file, so an expression that takes too long is an error. They
/// are written for Python; syntax that .NET does not have, such as Python's named groups, is refused.
/// </summary>
internal sealed class NameMatcher
{
    private const int LongestExpression = 8192;

    private static readonly TimeSpan MostForOne = TimeSpan.FromMilliseconds(200), MostForAll = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, Regex> expressions = new(StringComparer.Ordinal);
    private readonly Stopwatch clock = new();

    /// <summary>Whether a list has a layer's whole name or its last parts, or an expression matches its whole name.</summary>
    /// <exception cref="RequestException">The expression cannot be used.</exception>
    public bool Matches(ModulePattern pattern, string name) => pattern.Expression switch
    {
        null => pattern.Names.Any(target =>
            name.EndsWith(target, StringComparison.Ordinal) && (name.Length == target.Length || name[^(target.Length + 1)] == '.')),
        ModulePattern.AllLinear => true,
        var expression => Matches(expression, name),
    };

    /// <summary>Whether an expression matches a whole name.</summary>
    /// <exception cref="RequestException">The expression cannot be used.</exception>
    public bool Matches(string expression, string name)
    {
        if (!expressions.TryGetValue(expression, out Regex? regex)) expressions.Add(expression, regex = Compile(expression));
        clock.Start();
        try
        {
            if (clock.Elapsed < MostForAll) return regex.IsMatch(name);
        }
        catch (RegexMatchTimeoutException)
        {
            // Reported below.
        }
        finally
        {
            clock.Stop();
        }

        throw new RequestException($"The regular expression {MessageText.Quote(expression)} takes too long on names such as {name}: "
            + "write it without nested repetition.");
    }

    private static Regex Compile(string expression)
    {
        if (expression.Length > LongestExpression)
            throw new RequestException($"A regular expression of {expression.Length} characters is past the limit of {LongestExpression}: "
                + $"{MessageText.Quote(expression)}.");
        try
        {
            // By itself first: "a)|(b" is no expression, although it would be one inside a group.
            _ = new Regex(expression, RegexOptions.CultureInvariant, MostForOne);
            return new Regex($@"\A(?:{expression})\z", RegexOptions.CultureInvariant, MostForOne);
        }
        catch (ArgumentException e)
        {
            throw new RequestException(
                $"The regular expression {MessageText.Quote(expression)} cannot be used: {MessageText.Sentence(e.Message)}", e);
        }
    }
}
