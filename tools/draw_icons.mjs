// Draws the icons that come as vectors: node tools/draw_icons.mjs PACKAGES KINDS, of every kind listed in the file KINDS
// PACKAGES/drawn/flat/CODE.png (Noto emoji) and PACKAGES/drawn/plain/CODE.png (Fluent emoji, flat), 128×128 pixels.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const [packages, kinds] = process.argv.slice(2).map(argument => path.resolve(argument))
const { Resvg } = createRequire(path.join(packages, 'resvg', 'package.json'))('@resvg/resvg-js')
const noto = name => JSON.parse(fs.readFileSync(path.join(packages, 'noto', name)))
const icons = noto('icons.json').icons, names = noto('chars.json')
const side = 128

const bare = code => code.replaceAll('-fe0f', '')  // without the marks that ask for a coloured picture

function flat(code) {
  const icon = icons[names[code] ?? names[bare(code)]]
  if (icon) return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${side}" height="${side}" viewBox="0 0 128 128">${icon.body}</svg>`
}

function plain(code) {
  const file = [code, bare(code)].map(name => path.join(packages, 'fluent-emoji-flat/assets', name + '.svg')).find(name => fs.existsSync(name))
  // Some are not square: they are fitted into a square.
  if (file) return fs.readFileSync(file, 'utf8').replace(/width="[\d.]+" height="[\d.]+"/, `width="${side}" height="${side}"`)
}

for (const [style, vector] of Object.entries({ flat, plain })) {
  const folder = path.join(packages, 'drawn', style), missing = []
  fs.mkdirSync(folder, { recursive: true })
  for (const line of fs.readFileSync(kinds, 'utf8').split('\n')) {
    if (!line || line.startsWith('#')) continue
    const [code, name] = line.split('\t'), drawing = vector(code)
    if (!drawing) {
      missing.push(name)
      continue
    }
    const picture = new Resvg(drawing).render()
    fs.writeFileSync(path.join(folder, code + '.png'), picture.asPng())
  }
  if (missing.length) console.log(`${style}: there is no picture of ${missing.join(', ')}`)
}
