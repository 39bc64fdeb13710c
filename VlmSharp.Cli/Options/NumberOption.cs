using System.CommandLine;
using System.Globalization;
using System.Numerics;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Options;

/// <summary>Options that take a number, and report an error for anything else.</summary>
internal static class NumberOption
{
    /// <summary>An option that is null when it is not given.</summary>
    /// <param name="name">The option, with its dashes.</param>
    /// <param name="helpName">What the help calls the number.</param>
    /// <param name="description">The line of the help.</param>
    /// <param name="aliases">Further names.</param>
    public static Option<T?> Create<T>(string name, string helpName, string description, params string[] aliases)
        where T : struct, INumber<T> =>
        new(name, aliases)
        {
            Description = description,
            HelpName = helpName,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                bool whole = T.IsInteger(T.One / (T.One + T.One)); // 1 / 2 is 0 in an integer type
                // No thousands separators: 0,8 must not be read as 8.
                NumberStyles styles = whole ? NumberStyles.AllowLeadingSign : NumberStyles.Float;
                if (T.TryParse(text, styles, CultureInfo.InvariantCulture, out T value)) return value;
                string pointed = text.Replace(',', '.'), hint = whole || pointed == text ? ""
                    : T.TryParse(pointed, styles, CultureInfo.InvariantCulture, out _) ? $", with a point for the decimals: {pointed}"
                    : ", with a point for the decimals and no commas";
                if (OptionHints.ForValue(name, text) is { } meant) hint = $"; here it is {meant}";
                result.AddError($"{name} '{text}': give a {(whole ? "whole number" : "number")}{hint}.");
                return null;
            },
        };

    /// <summary>The value of an option that has bounds; null if it is not given.</summary>
    /// <exception cref="UsageException">It is less than <paramref name="least"/>, more than <paramref name="most"/>, or not a
    /// number.</exception>
    public static T? InRange<T>(ParseResult parsed, Option<T?> option, T least, T most) where T : struct, INumber<T> =>
        parsed.GetValue(option) is not { } value || (value >= least && value <= most)
            ? parsed.GetValue(option)
            : throw new UsageException($"{option.Name} {value}: give a number from {least} to {most}.");

    /// <summary>The value of an option that has a least value; null if it is not given.</summary>
    /// <exception cref="UsageException">It is less than <paramref name="least"/>, or not a finite number.</exception>
    public static T? AtLeast<T>(ParseResult parsed, Option<T?> option, T least) where T : struct, INumber<T> =>
        parsed.GetValue(option) is not { } value || (value >= least && T.IsFinite(value))
            ? parsed.GetValue(option)
            : throw new UsageException($"{option.Name} {value}: give {least} or more.");
}
