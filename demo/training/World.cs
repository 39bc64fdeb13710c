namespace VlmSharp.Scenes;

/// <summary>The things that can be drawn.</summary>
/// <param name="font">The emoji font; null for a world with only shapes.</param>
/// <param name="newForm">A form of <see cref="Things.NewForms"/> in addition to the demo model's things, or null.</param>
internal sealed class World(EmojiFont? font, string? newForm)
{
    private const double ShareOfNew = 0.25, ShareOfShapes = 0.25;

    /// <summary>The emoji font, from which pictures are drawn.</summary>
    public EmojiFont Font => font ?? throw new InvalidOperationException("This world has no emoji.");

    /// <summary>Whether this world has a form that the demo model does not know.</summary>
    public bool HasNew => newForm is not null;

    /// <summary>The names of all things, the new one first, then shapes and emoji.</summary>
    public IReadOnlyList<string> Names =>
    [
        .. newForm is null ? Array.Empty<string>() : [newForm],
        .. Things.Forms.SelectMany(form => Things.Colors.Select(color => new Shape(form, color.Name).Name)),
        .. font is null ? [] : Things.Emoji.Select(emoji => emoji.Name),
    ];

    /// <summary>
    /// A random thing. One in four is the new one, if there is one; one in four of the others is a shape, if there are emoji.
    /// </summary>
    public Thing Draw(SceneRandom random)
    {
        if (newForm is not null && random.Next() < ShareOfNew) return new NewShape(newForm, random.Of(Things.Colors).Name);
        return font is null || random.Next() < ShareOfShapes
            ? new Shape(random.Of(Things.Forms), random.Of(Things.Colors).Name)
            : random.Of(Things.Emoji);
    }
}
