using Microsoft.Playwright;
using static VlmSharp.Server.Tests.Page.ScriptedServer;

namespace VlmSharp.Server.Tests.Page;

/// <summary>The page without a mouse.</summary>
[Collection(BrowserTests.Name)]
public sealed class KeyboardTests(BrowserFixture browser)
{
    [ChromiumFact]
    public async Task The_keyboard_alone_takes_a_picture_asks_about_it_copies_it_and_comes_back()
    {
        await using ScriptedServer server = await StartAsync(
            (http, fields) => EndAsync(http, Answer("detect", $"detect {fields["things"]}", "…", Found("sun", 10, 20, 30, 40))));
        await browser.UseAsync(server.Origin, async page =>
        {
            await TabToAsync(page, "caption"); // the radio buttons are one tab stop
            await PressAsync(page, "ArrowRight", "ArrowRight");
            await TabToAsync(page, "Sample: Two suns");
            await PressAsync(page, "Enter");
            await Assertions.Expect(page.Locator(".stage .file")).ToHaveTextAsync("sun.png");
            await TabToAsync(page, "things");
            await page.Keyboard.TypeAsync("sun");
            await PressAsync(page, "Enter");
            await Assertions.Expect(page.Locator(".found li")).ToHaveCountAsync(1);
            await TabToAsync(page, "sun 20 × 20 at 10, 20 0.88");
            await Assertions.Expect(page.Locator(".mark.pointed")).ToHaveCountAsync(1);
            await TabToAsync(page, "Copy as JSON");
            await PressAsync(page, "Space");
            await Assertions.Expect(page.Locator(".said")).ToHaveTextAsync("Copied.");
            await TabToAsync(page, "detect sun sun");
            await PressAsync(page, "Enter");
            await Assertions.Expect(page.Locator(".found li")).ToHaveCountAsync(1);
            await Assertions.Expect(page.Locator("#lanes")).ToBeFocusedAsync();
        });
        Assert.Single(server.Asked);
    }

    [ChromiumFact]
    public async Task The_focus_is_always_visible()
    {
        await using ScriptedServer server =
            await StartAsync((http, _) => EndAsync(http, Answer("detect", "p", "…", Found("sun", 10, 20, 100, 140))));
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
            await Assertions.Expect(page.Locator(".found li")).ToHaveCountAsync(1);
            await page.EvaluateAsync("document.activeElement.blur()");
            HashSet<string> seen = [];
            for (int i = 0; i < 60; i++)
            {
                await page.Keyboard.PressAsync("Tab");
                string? fault = await page.EvaluateAsync<string?>("""
                    () => {
                      const at = document.activeElement;
                      if (at === document.body) return null;
                      const ring = node => getComputedStyle(node).outlineStyle !== "none"
                        && parseFloat(getComputedStyle(node).outlineWidth) > 1;
                      const drawn = ring(at) && Number(getComputedStyle(at).opacity) > 0
                        || at.nextElementSibling && ring(at.nextElementSibling) || at.matches(".mark.pointed");
                      return drawn ? null : at.outerHTML.slice(0, 120);
                    }
                    """);
                Assert.Null(fault);
                seen.Add(await page.EvaluateAsync<string>("document.activeElement.outerHTML.slice(0, 80)"));
            }

            Assert.InRange(seen.Count, 18, 60);
        }, new PageView { Address = "#task=detect&things=sun&sample=sun" });
    }

    [ChromiumFact]
    public async Task Control_enter_runs_from_anywhere_and_the_link_skips_to_the_prompt()
    {
        await using ScriptedServer server = await StartAsync((http, _) => EndAsync(http, Answer("caption", "p", "an answer")));
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.Keyboard.PressAsync("Tab");
            await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Skip to the prompt" })).ToBeInViewportAsync();
            await page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(page.Locator("#lanes")).ToBeFocusedAsync();
            await Assertions.Expect(page.GetByLabel("Language")).ToHaveValueAsync("de");
            await page.Keyboard.PressAsync("Control+Enter");
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync("an answer");
        }, new PageView { Address = "#task=caption&language=de&sample=sun" });
    }

    /// <summary>Presses Tab until the focused element has this name; a field has its name in the form.</summary>
    private static async Task TabToAsync(IPage page, string name)
    {
        List<string> passed = [];
        for (int i = 0; i < 60; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            string here = await page.EvaluateAsync<string>("""
                () => {
                  const at = document.activeElement;
                  return at.getAttribute("aria-label")
                    ?? (at.type === "radio" ? at.value : at.name || at.innerText?.replace(/\s+/g, " ").trim() || at.tagName);
                }
                """);
            if (here == name) return;
            passed.Add(here);
        }

        Assert.Fail($"{name} is not reached by Tab, which went through: {string.Join(", ", passed)}");
    }

    private static async Task PressAsync(IPage page, params string[] keys)
    {
        foreach (string key in keys) await page.Keyboard.PressAsync(key);
    }
}
