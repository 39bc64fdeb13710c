using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using VlmSharp;
using VlmSharp.Imaging;
using VlmSharp.Scenes;

const string Usage = """
    Draws scenes of emoji and shapes, with questions and answers, to train the demo model.

    dotnet run -c Release --project demo/training -- OUT [--train N] [--eval N] [--questions N] [--size PIXELS]
        [--seed N] [--font FILE] [--new FORM]

      OUT            folder to write: train.jsonl, eval.jsonl and their pictures
      --train N      scenes to learn from (default: 1000), each with --questions (default: 3) of its questions
      --eval N       scenes to be asked about, none of which is learned from (default: 100), each with all its questions
      --size PIXELS  side of the pictures (default: 112, the model's own)
      --seed N       other scenes (default: 0)
      --font FILE    NotoColorEmoji.ttf (default: where Debian's package fonts-noto-color-emoji puts it); none draws shapes alone
      --new FORM     one thing in four is a cross or a ring, which the demo model does not know

    Beside the lines of questions are train.json and eval.json: where the things are, as instances of COCO.

    dotnet run -c Release --project demo/training -- OUT --score MODEL [--scenes N]

      --score MODEL  instead of drawing, asks a model everything in OUT/eval.jsonl and counts its right answers
      --scenes N     about the first N scenes alone (default: all)

    dotnet run -c Release --project demo/training -- OUT --boxes MODEL [--scenes N] [--svg X.svg]

      --boxes MODEL  instead of drawing, asks a model where things are, present and absent ones, and compares scores of its boxes
      --svg X.svg    also draws how often boxes are right whose score is so much
    """;
const long FirstHeldOut = 1L << 32; // no training set has so many scenes, so these are never used for training

if (args.Length == 0 || args[0].StartsWith('-') || args.Length % 2 == 0)
{
    Console.Error.WriteLine(Usage);
    return 2;
}

try
{
    if (Option("--score") is { } model)
    {
        Score.Print(args[0], model, Number("--scenes", long.MaxValue));
        return 0;
    }

    if (Option("--boxes") is { } detector)
    {
        BoxScores.Print(args[0], detector, Number("--scenes", long.MaxValue), Option("--svg"));
        return 0;
    }

    long seed = Number("--seed", 0);
    int side = (int)Number("--size", 112);
    if (side is < 28 or > 1024) throw new FormatException($"--size {side}: give 28 to 1024.");
    string font = Option("--font") ?? "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf";
    string? form = Option("--new");
    if (form is not null && !Things.NewForms.Contains(form))
        throw new FormatException($"--new {form}: give {string.Join(" or ", Things.NewForms)}.");
    var world = new World(font == "none" ? null : new EmojiFont(font), form);
    var artist = new SceneArtist(world, side, seed);
    Write("train", 0, Number("--train", 1000), (int)Number("--questions", 3));
    Write("eval", FirstHeldOut, Number("--eval", 100), int.MaxValue);
    return 0;

    void Write(string name, long first, long count, int most)
    {
        string pictures = Directory.CreateDirectory(Path.Combine(args[0], name)).FullName;
        using FileStream lines = File.Create(Path.Combine(args[0], $"{name}.jsonl"));
        var instances = new CocoInstances(world.Names, side);
        using var json = new Utf8JsonWriter(lines, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        for (long i = 0; i < count; i++)
        {
            (Scene scene, SceneRandom random) = artist.Draw(first + i);
            string picture = string.Create(CultureInfo.InvariantCulture, $"{i:D6}.png");
            PngWriter.Save(scene.Picture, Path.Combine(pictures, picture));
            instances.Add($"{name}/{picture}", scene);
            List<Question> questions = Questions.About(scene, world, side, random);
            while (questions.Count > most) questions.RemoveAt(random.Below(questions.Count));
            foreach (Question question in questions)
            {
                json.Reset();
                json.WriteStartObject();
                json.WriteString("image", $"{name}/{picture}");
                json.WriteString("prefix", question.Prefix);
                json.WriteString("suffix", question.Suffix);
                json.WriteString("kind", question.Kind);
                json.WriteEndObject();
                json.Flush();
                lines.WriteByte((byte)'\n');
            }
        }

        instances.Save(Path.Combine(args[0], $"{name}.json"));
        Console.WriteLine($"{lines.Name}: {count} scenes");
    }
}
catch (Exception e) when (e is FormatException or IOException or InvalidDataException or UnauthorizedAccessException or VlmSharpException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

string? Option(string name) => Array.IndexOf(args, name, 1) is > 0 and var at ? args[at + 1] : null;

long Number(string name, long fallback) => Option(name) is not { } text ? fallback
    : long.TryParse(text, CultureInfo.InvariantCulture, out long number) && number >= 0 ? number
    : throw new FormatException($"{name} {text}: give a whole number.");
