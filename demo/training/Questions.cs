using System.Globalization;

namespace VlmSharp.Scenes;

/// <summary>A question and its answer.</summary>
/// <param name="Kind">caption, detect, count, yesno, color or relation.</param>
internal sealed record Question(string Kind, string Prefix, string Suffix);

/// <summary>The demo model's language: what can be asked about a scene, and the answers.</summary>
internal static class Questions
{
    private static readonly string[] Numbers = ["no", "one", "two", "three", "four"];

    /// <summary>Every kind of question about a scene, each about a randomly chosen thing.</summary>
    public static List<Question> About(Scene scene, World world, int side, SceneRandom random)
    {
        Thing asked = random.Of(scene.Things).Thing;
        var questions = new List<Question>
        {
            new("caption", "caption en", Caption(scene)),
            new("detect", $"detect {asked.Name}", Boxes(scene, asked, side)),
            new("count", $"answer en how many {asked.Plural} are there?", $"{scene.Things.Count(placed => placed.Thing == asked)}"),
            new("count", "answer en how many things are there?", $"{scene.Things.Count}"),
            YesNo(scene, world, random),
        };
        if (Color(scene, random) is { } color) questions.Add(color);
        if (scene.Things.Count == 2 && !scene.IsOneKind) questions.Add(Relation(scene, random));
        return questions;
    }

    private static string Caption(Scene scene)
    {
        IReadOnlyList<Placed> things = scene.Things;
        if (things.Count == 1) return things[0].Thing.One;
        if (scene.IsOneKind) return $"{Numbers[things.Count]} {things[0].Thing.Plural}";
        if (things.Count == 2)
        {
            (Placed first, Placed second, bool above) = InOrder(scene);
            return $"{first.Thing.One} {(above ? "above" : "to the left of")} {second.Thing.One}";
        }

        string[] names = [.. things.OrderBy(placed => placed.CenterX).Select(placed => placed.Thing.One)];
        return $"{string.Join(", ", names[..^1])} and {names[^1]}";
    }

    /// <summary>The boxes of a kind, from the top; locations are shares of 1023, ties to even.</summary>
    private static string Boxes(Scene scene, Thing asked, int side) => string.Join(" ; ", scene.Things
        .Where(placed => placed.Thing == asked).OrderBy(placed => placed.Top).ThenBy(placed => placed.Left)
        .Select(p =>
            $"{Location(p.Top, side)}{Location(p.Left, side)}{Location(p.Top + p.Height, side)}{Location(p.Left + p.Width, side)} "
                + $"{asked.Name}"));

    private static string Location(int edge, int side) =>
        string.Create(CultureInfo.InvariantCulture, $"<loc{(int)Math.Round(edge * 1023.0 / side, MidpointRounding.ToEven):D4}>");

    private static Question YesNo(Scene scene, World world, SceneRandom random)
    {
        bool yes = random.Next() < 0.5;
        Thing thing = yes ? random.Of(scene.Things).Thing : world.Draw(random);
        while (!yes && scene.Things.Any(placed => placed.Thing.Name == thing.Name)) thing = world.Draw(random);
        return new Question("yesno", $"answer en is there {thing.One}?", yes ? "yes" : "no");
    }

    /// <summary>The color of a form that occurs once.</summary>
    private static Question? Color(Scene scene, SceneRandom random)
    {
        Shape[] shapes = [.. scene.Things.Select(placed => placed.Thing).OfType<Shape>()];
        Shape[] alone = [.. shapes.Where(shape => shapes.Count(other => other.Form == shape.Form) == 1)];
        if (alone.Length == 0) return null;
        Shape asked = random.Of(alone);
        return new Question("color", $"answer en what color is the {asked.Form}?", asked.Color);
    }

    private static Question Relation(Scene scene, SceneRandom random)
    {
        (Placed first, Placed second, bool above) = InOrder(scene);
        bool aboutSecond = random.Next() < 0.5; // if so, the first thing is the answer
        string where = (above, aboutSecond) switch
        {
            (true, true) => "above",
            (true, false) => "below",
            (false, true) => "to the left of",
            _ => "to the right of",
        };
        (Thing asked, Thing answer) = aboutSecond ? (second.Thing, first.Thing) : (first.Thing, second.Thing);
        return new Question("relation", $"answer en what is {where} the {asked.Name}?", answer.One);
    }

    /// <summary>Orders two things: the upper or the left one first, in the direction in which they are further apart.</summary>
    private static (Placed First, Placed Second, bool Above) InOrder(Scene scene)
    {
        (Placed a, Placed b) = (scene.Things[0], scene.Things[1]);
        bool above = Math.Abs(a.CenterY - b.CenterY) > Math.Abs(a.CenterX - b.CenterX);
        return (above ? a.CenterY < b.CenterY : a.CenterX < b.CenterX) ? (a, b, above) : (b, a, above);
    }
}
