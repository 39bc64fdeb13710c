using System.Collections.Frozen;

namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// Contractions that people write without their apostrophe. The VQA evaluation restores it if exactly one is missing: "dont" becomes
/// "don't", and "couldnt've" and "couldn'tve" become "couldn't've". It knows only these words; "shes" and "lets" stay as they are.
/// </summary>
internal static class Contractions
{
    private const string Words = """
        ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've he's how'd how'll
        how's isn't it'd it'd've it'll ma'am might've mightn't mightn't've must've mustn't needn't not've o'clock oughtn't 'ow's'at shan't
        she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd someone'd've someone'll someone's
        something'd something'd've something'll that's there'd there'd've there're there's they'd they'd've they'll they're they've 'twas
        wasn't we'd've we've weren't what'll what're what's what've when's where'd where's where've who'd who'd've who'll who's who've
        why'll why're why's won't would've wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've
        """;

    // The evaluation's table has this pair reversed.
    private static readonly FrozenDictionary<string, string> Whole =
        PythonText.Split(Words).SelectMany(WithoutOne).Append((Without: "somebody'd", Word: "somebodyd"))
            .ToFrozenDictionary(pair => pair.Without, pair => pair.Word);

    /// <summary>The word with its apostrophe; any other word unchanged.</summary>
    public static string Complete(string word) => Whole.GetValueOrDefault(word, word);

    private static IEnumerable<(string Without, string Word)> WithoutOne(string word) =>
        Enumerable.Range(0, word.Length).Where(i => word[i] == '\'').Select(i => (word.Remove(i, 1), word));
}
