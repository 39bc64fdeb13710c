using VlmSharp.Imaging;

namespace VlmSharp.Scenes;

/// <summary>Draws scenes. A scene is a function of the seed, its number and the size.</summary>
/// <param name="world">The things that can be drawn.</param>
/// <param name="side">The side of the pictures, in pixels.</param>
/// <param name="seed">Another seed gives other scenes under the same numbers.</param>
internal sealed class SceneArtist(World world, int side, long seed)
{
    private const double MostCovered = 0.1; // the largest share of a thing that another may cover
    private const int Tries = 50;
    private const double LeastContrast = 0.25; // between a form and the background
    private const float ColorSpread = 0.08f; // two reds are not the same red

    /// <summary>Draws a scene.</summary>
    public (Scene Scene, SceneRandom Random) Draw(long number)
    {
        var random = new SceneRandom(seed, number);
        while (true)
        {
            float[] canvas = Background.Draw(side, random);
            List<Thing> things = Choose(random);
            if (Place(things, canvas, random) is not { } placed) continue;
            var picture = new RgbImage(side, side, Array.ConvertAll(canvas, value => (byte)Math.Clamp(value * 255 + 0.5f, 0, 255)));
            return (new Scene(picture, placed), random);
        }
    }

    /// <summary>One thing; two, or three, of different kinds; or two to four of one kind.</summary>
    private List<Thing> Choose(SceneRandom random)
    {
        double kind = random.Next();
        Thing first = world.Draw(random);
        if (kind < 0.3) return [first];
        if (kind < 0.45) return [.. Enumerable.Repeat(first, 2 + random.Below(3))];
        List<Thing> things = [first];
        while (things.Count < (kind < 0.78 ? 2 : 3))
        {
            Thing next = world.Draw(random);
            if (things.All(thing => thing.Name != next.Name)) things.Add(next);
        }

        return things;
    }

    private List<Placed>? Place(List<Thing> things, float[] canvas, SceneRandom random)
    {
        (double least, double most) = things.Count switch // of the side
        {
            1 => (0.28, 0.82),
            2 => (0.23, 0.46),
            3 => (0.21, 0.39),
            _ => (0.19, 0.36),
        };
        var placed = new List<Placed>();
        foreach (Thing thing in things)
        {
            Placed? place = null;
            for (int i = 0; i < Tries && place is null; i++)
            {
                Sprite sprite = SpriteOf(thing, (int)Math.Round(random.Next(least, most) * side), canvas, random);
                var here = new Placed(
                    thing, random.Below(side - sprite.Width + 1), random.Below(side - sprite.Height + 1), sprite.Width, sprite.Height);
                if (placed.Any(other => other.Covered(here) > MostCovered)) continue;
                if (things.Count == 2 && placed.Any(other => IsDiagonal(other, here))) continue;
                if (thing is Painted && !StandsOut(sprite, here, canvas)) continue;
                place = here;
                Blend(sprite, here, canvas);
            }

            if (place is null) return null; // no room is left
            placed.Add(place);
        }

        return placed;
    }

    /// <summary>Whether it is unclear if one thing is above the other or beside it.</summary>
    private bool IsDiagonal(Placed one, Placed other) =>
        Math.Abs(Math.Abs(one.CenterX - other.CenterX) - Math.Abs(one.CenterY - other.CenterY)) < 0.05 * side;

    /// <summary>Whether a form differs enough from the background: a pink star on pink is invisible.</summary>
    private bool StandsOut(Sprite sprite, Placed place, float[] canvas)
    {
        int middle = (sprite.Height / 2 * sprite.Width + sprite.Width / 2) * 4;
        double difference = 0;
        for (int c = 0; c < 3; c++)
        {
            double behind = 0;
            for (int y = 0; y < place.Height; y++)
                for (int x = 0; x < place.Width; x++) behind += canvas[((place.Top + y) * side + place.Left + x) * 3 + c];
            difference += Math.Pow(sprite.Pixels[middle + c] - behind / (place.Width * place.Height), 2);
        }

        return Math.Sqrt(difference) > LeastContrast;
    }

    private Sprite SpriteOf(Thing thing, int longest, float[] canvas, SceneRandom random)
    {
        if (thing is Painted shape) return ShapePainter.Draw(shape.Form, longest, ColorOf(shape.Color, random));
        Sprite whole = world.Font.Picture(((Emoji)thing).CodePoint);
        if (random.Next() < 0.5) whole = whole.Mirror();
        double scale = (double)longest / Math.Max(whole.Width, whole.Height);
        return whole.Resize(Math.Max(1, (int)Math.Round(whole.Width * scale)), Math.Max(1, (int)Math.Round(whole.Height * scale)));
    }

    private static (float R, float G, float B) ColorOf(string name, SceneRandom random)
    {
        (_, byte r, byte g, byte b) = Things.Colors.First(color => color.Name == name);
        return (Vary(r), Vary(g), Vary(b));

        float Vary(byte value) => Math.Clamp(value / 255f + (float)random.Next(-ColorSpread, ColorSpread), 0, 1);
    }

    /// <summary>Puts a sprite over the canvas: c = s + (1 - alpha) c.</summary>
    private void Blend(Sprite sprite, Placed place, float[] canvas)
    {
        for (int y = 0; y < sprite.Height; y++)
            for (int x = 0; x < sprite.Width; x++)
            {
                int from = (y * sprite.Width + x) * 4, to = ((place.Top + y) * side + place.Left + x) * 3;
                for (int c = 0; c < 3; c++) canvas[to + c] = sprite.Pixels[from + c] + (1 - sprite.Pixels[from + 3]) * canvas[to + c];
            }
    }
}
