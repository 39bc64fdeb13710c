namespace VlmSharp.Scenes;

/// <summary>The world of the demo model: 60 emoji, and four forms in ten colors.</summary>
internal static class Things
{
    public static readonly IReadOnlyList<Emoji> Emoji =
    [
        .. Read("""
            apple 1F34E  banana 1F34C  grapes 1F347  strawberry 1F353  pizza 1F355  burger 1F354  donut 1F369  cookie 1F36A  cake 1F382
            dog 1F436  cat 1F431  rabbit 1F430  panda 1F43C  pig 1F437  frog 1F438  monkey 1F435  cow 1F404  horse 1F40E  elephant 1F418
            penguin 1F427  turtle 1F422  octopus 1F419  fish 1F41F  butterfly 1F98B  bee 1F41D
            car 1F697  bus 1F68C  train 1F682  airplane 2708  rocket 1F680  bicycle 1F6B2
            sun 2600  moon 1F319  cloud 2601  tree 1F333  cactus 1F335  sunflower 1F33B  rose 1F339  mushroom 1F344
            house 1F3E0  clock 23F0  key 1F511  bell 1F514  book 1F4D6  camera 1F4F7  phone 1F4F1  laptop 1F4BB  light_bulb 1F4A1
            guitar 1F3B8  football 26BD  basketball 1F3C0  gift 1F381  balloon 1F388  umbrella 2602  crown 1F451  diamond 1F48E
            heart 2764  scissors 2702  hat 1F3A9  shoe 1F45F
            """),
    ];

    public static readonly IReadOnlyList<(string Name, byte Red, byte Green, byte Blue)> Colors =
    [
        ("red", 215, 35, 45), ("green", 40, 160, 60), ("blue", 35, 80, 215), ("yellow", 250, 220, 50), ("orange", 245, 140, 30),
        ("purple", 135, 60, 180), ("pink", 255, 120, 180), ("brown", 120, 70, 30), ("black", 25, 25, 25), ("white", 245, 245, 245),
    ];

    public static readonly IReadOnlyList<string> Forms = ["circle", "square", "triangle", "star"];

    /// <summary>Forms that a world may have in addition; the demo model has never seen them.</summary>
    public static readonly IReadOnlyList<string> NewForms = ["cross", "ring"];

    private static IEnumerable<Emoji> Read(string table)
    {
        string[] words = table.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
        foreach (string[] pair in words.Chunk(2))
        {
            string name = pair[0].Replace('_', ' ');
            yield return new Emoji(Convert.ToInt32(pair[1], 16), name, ArticleOf(name), PluralOf(name));
        }
    }

    private static string ArticleOf(string name) =>
        name is "grapes" or "scissors" ? "" : "aeiou".Contains(name[0], StringComparison.Ordinal) ? "an " : "a ";

    /// <summary>The plural that the demo model has learned, including "cactuss": its prompts must stay the ones that it knows.</summary>
    private static string PluralOf(string name) => name switch
    {
        "grapes" or "scissors" or "fish" => name,
        "bus" or "octopus" => name + "es",
        "butterfly" or "strawberry" => name[..^1] + "ies",
        _ => name + "s",
    };
}
