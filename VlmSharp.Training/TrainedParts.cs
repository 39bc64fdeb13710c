using System.IO.Enumeration;
using VlmSharp.Checkpoints;

namespace VlmSharp.Training;

/// <summary>Which parameters a full fine-tuning trains: all but the parts and patterns that are frozen.</summary>
internal static class TrainedParts
{
    /// <summary>The words for parts, and the prefixes of their parameter names.</summary>
    private static readonly (string Word, string Prefix)[] Parts =
    [
        ("vision", "vision_tower."), ("projector", "multi_modal_projector."), ("embedding", TensorNames.Embedding),
        ("decoder", TensorNames.Decoder),
    ];

    /// <summary>The rule that trains every parameter except frozen ones, by the parameter's name in the checkpoint.</summary>
    /// <param name="frozen">Words or patterns with * and ?.</param>
    /// <param name="names">The model's parameters.</param>
    /// <returns>Whether a parameter is trained.</returns>
    /// <exception cref="RequestException">A pattern fits no parameter, or nothing is left.</exception>
    public static Func<string, bool> Except(IReadOnlyList<string> frozen, IReadOnlyCollection<string> names)
    {
        foreach (string pattern in frozen)
            if (!names.Any(name => IsMeant(pattern, name)))
                throw new RequestException(
                    $"No parameter is called '{pattern}': give {string.Join(", ", Parts.Select(p => p.Word))}, or a pattern such as "
                    + $"'{names.First()}' or 'vision_tower.*'.");
        bool IsTrained(string name) => !frozen.Any(pattern => IsMeant(pattern, name));
        return names.Any(IsTrained)
            ? IsTrained
            : throw new RequestException($"Nothing is left to train: {string.Join(", ", frozen)} are all parameters.");
    }

    private static bool IsMeant(string pattern, string name) =>
        Parts.FirstOrDefault(p => p.Word == pattern) is { Prefix: { } prefix }
            ? name.StartsWith(prefix, StringComparison.Ordinal)
            : FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);
}
